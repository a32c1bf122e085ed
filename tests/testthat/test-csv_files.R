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
  expect_identical(as.data.frame(read_csv_file(path, texts = "gene")), as.data.frame(table))
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
