odd <- c(
  'a,"b"1', '""', '"', '"x', 'x"', "line\nbreak", '"\n",', "NA", "nan", "TRUE", "1e5", "01", "1-Mar",
  "é|;\t:", "a b", "=1+1", "<b>", "NULL", "", "a\\\"b"
)
odd <- odd[nzchar(odd)]

write_csv <- function(...) {
  path <- withr::local_tempfile(fileext = ".csv", .local_envir = parent.frame())
  writeBin(charToRaw(paste0(...)), path)
  path
}

test_that("names are read as they were written, all at once or one by one", {
  quoted <- paste0('"', gsub('"', '""', odd, fixed = TRUE), '"')
  for (k in c(list(seq_along(odd)), as.list(seq_along(odd)))) {
    path <- write_csv("gene,betahat_d0,n\n", paste0(quoted[k], ",0.5,2\n", collapse = ""))
    table <- read_csv_file(path, texts = c("guide", "gene"))
    expect_identical(table$gene, enc2utf8(odd[k]))
    expect_identical(table$betahat_d0, rep(0.5, length(k)))
    expect_identical(table$n, rep(2L, length(k)))
  }
  plain <- odd[!grepl("[\",\n]", odd)]
  table <- read_csv_file(write_csv("x,gene\n", paste0("1,", plain, "\n", collapse = "")), texts = "gene")
  expect_identical(table$gene, enc2utf8(plain))
})

test_that("what R writes is read back", {
  path <- withr::local_tempfile(fileext = ".csv")
  table <- data.table::data.table(gene = odd, x = seq_along(odd) / 4)
  write_table(table, path)
  back <- as.data.frame(read_csv_file(path, texts = "gene"))
  back$gene <- as_named(back$gene)
  expect_identical(back, as.data.frame(table))
})

test_that("names of columns, missing values, other separators, a byte order mark and gzip", {
  path <- write_csv('"a,""b""",n\n"x",\n"y",3\n')
  expect_identical(names(read_csv_file(path)), c('a,"b"', "n"))
  expect_identical(read_csv_file(path)$n, c(NA, 3L))
  path <- write_csv("\xef\xbb\xbf", ';"EC";MES\n"NA";NA;0.5\n"b;c";1;\n')
  table <- read_csv_file(path, texts = 1L, missing = c("", "NA"), sep = "auto")
  expect_identical(names(table)[2:3], c("EC", "MES"))
  expect_identical(table[[1]], c("NA", "b;c"))
  expect_identical(table$EC, c(NA, 1L))
  for (text in c("gene,x\n01,2\n", 'gene,x\n"01",2\n')) {
    zipped <- withr::local_tempfile(fileext = ".csv.gz")
    file <- gzfile(zipped, "wb")
    writeBin(charToRaw(text), file)
    close(file)
    expect_identical(read_csv_file(zipped, texts = "gene")$gene, "01")
  }
})

test_that("no name is a formula to a spreadsheet, and each comes back", {
  run <- c(
    "=1+1", "+1", "-1.5", "@SUM(A1)", "\t=1", "=HYPERLINK(\"x\",\"y\")", "-A", "\uff1d1", "\n=1",
    "=cmd|' /C calc'!A0"
  )
  marked <- c("'=a", "''-b", "'+", "'a", "'", "''", "-", "=", "'-", "@", "a=b", "5'-x", "\u2212a", NA)
  names <- c(run, marked)
  table <- data.table::data.table(gene = names, x = seq(-1.5, 1.5, length.out = length(names)))
  file <- withr::local_tempfile(fileext = ".csv")
  write_table(table, file)
  expect_identical(table$gene, names) # the table in memory is as it was
  cells <- utils::read.csv(file, quote = "\"", colClasses = c("character", "numeric"), encoding = "UTF-8")
  expect_false(any(grepl("^[=+@\t\r\n\uff1d-].", cells$gene)))
  expect_identical(cells$gene[seq_along(run)], paste0("'", run))
  expect_equal(cells$x, table$x)
  expect_identical(as_named(guarded(table)$gene), names)
  back <- read_csv_file(file, texts = "gene")
  expect_identical(as_named(back$gene)[seq_along(names[-1])], names[-length(names)])
})

test_that("honest tables have the bytes of fwrite, and a guide map is written as it stands", {
  honest <- data.table::data.table(
    gene = c("HLA-A", "-", "NA", "a,b"), x = c(-1.5, NA, 0, -1e-9), hit = c(TRUE, FALSE)
  )
  files <- file.path(withr::local_tempdir(), c("a.csv", "b.csv"))
  write_table(honest, files[[1]])
  data.table::fwrite(honest, files[[2]])
  expect_identical(readLines(files[[1]]), readLines(files[[2]]))
  write_table(data.table::data.table(gene_name = "-x"), files[[1]], as_given = TRUE)
  expect_identical(readLines(files[[1]]), c("gene_name", "-x"))
})

test_that("names of a fit that Python wrote are read as they were", {
  folder <- withr::local_tempdir()
  made <- system.file("extdata", "example_fit", package = "fatebias")
  file.copy(list.files(made, full.names = TRUE), folder)
  genes <- read_fit(folder)$gene$gene
  odd <- replace(genes, 1:3, c("=1+1", "'-x", "-"))
  for (path in list.files(folder, "[.]csv$", full.names = TRUE)) {
    table <- read_csv_file(path, texts = c("gene", "guide"))
    at <- match(table$gene, genes)
    table$gene <- ifelse(is.na(at), table$gene, odd[at])
    write_table(table, path)
  }
  manifest <- file.path(folder, "fit_manifest.json")
  lines <- readLines(manifest)
  writeLines(lines[!grepl("\"format\"", lines)], manifest)
  json <- jsonlite::read_json(manifest)
  json$contents <- NULL
  jsonlite::write_json(json, manifest, auto_unbox = TRUE, digits = NA, null = "null")
  expect_identical(read_fit(folder)$gene$gene, odd)
  expect_true(any(grepl("^'=1[+]1,", readLines(file.path(folder, "gene_daywise_for_mash.csv")))))
})
