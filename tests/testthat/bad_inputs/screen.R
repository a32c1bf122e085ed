# Doors of screens: R objects and files. `screened()` is fate_screen() of small parts with some replaced.

c(
  refused(
    "fate_screen", "`guides`",
    "guides NULL" = screened(guides = NULL),
    "guides a number" = screened(guides = 1),
    "guides a list" = screened(guides = list(1, 2)),
    "guides a function" = screened(guides = mean),
    "guides a text" = screened(guides = "guides.csv"),
    "guides of texts" = screened(guides = matrix("1", 40, 6, dimnames = dimnames(parts$guides))),
    "guides complex" = screened(guides = matrix(1i, 40, 6, dimnames = dimnames(parts$guides))),
    "guides without names" = screened(guides = unname(as.matrix(parts$guides))),
    "guides with NA" = screened(guides = replace(as.matrix(parts$guides), 3, NA)),
    "guides NaN" = screened(guides = replace(as.matrix(parts$guides), 3, NaN)),
    "guides infinite" = screened(guides = replace(as.matrix(parts$guides), 3, Inf)),
    "guides negative" = screened(guides = replace(as.matrix(parts$guides), 3, -1)),
    "guides counts" = screened(guides = 7 * parts$guides),
    "guides probabilities" = screened(guides = 0.7 * parts$guides),
    "guides of no cells" = screened(guides = parts$guides[0, ]),
    "guides of no guides" = screened(guides = parts$guides[, 0]),
    "a guide without name" = screened(
      guides = `colnames<-`(as.matrix(parts$guides), c(NA, paste0("g", 2:6)))
    ),
    "a guide with an empty name" = screened(
      guides = `colnames<-`(as.matrix(parts$guides), c("", paste0("g", 2:6)))
    ),
    "a guide twice" = screened(guides = `colnames<-`(as.matrix(parts$guides), c("g2", paste0("g", 2:6)))),
    "guides an array" = screened(guides = array(1, c(2, 2, 2))),
    "guides a broken sparse matrix" = screened(guides = local({
      x <- parts$guides
      x@i[1] <- 999L
      x
    })),
    "guides with a column of texts" = screened(guides = data.frame(as.matrix(parts$guides), more = "a")),
    "guides of dates" = screened(guides = data.frame(g1 = Sys.Date() + 1:40)),
    "guides a time series" = screened(guides = stats::ts(1:40))
  ),
  refused(
    "fate_screen", "`fate_probs`",
    "probabilities NULL" = screened(fate_probs = NULL),
    "probabilities a number" = screened(fate_probs = 1),
    "probabilities a text" = screened(fate_probs = "fates"),
    "probabilities an empty list" = screened(fate_probs = list()),
    "probabilities a function" = screened(fate_probs = mean),
    "probabilities of texts" = screened(fate_probs = matrix("a", 40, 3, dimnames = dimnames(parts$probs))),
    "probabilities without names" = screened(fate_probs = unname(parts$probs)),
    "probabilities of fewer cells" = screened(fate_probs = unname(parts$probs[-1, ], TRUE)),
    "label sets without names" = screened(fate_probs = list(parts$probs, parts$probs)),
    "label sets called the same" = screened(fate_probs = list(a = parts$probs, a = parts$probs)),
    "label sets of other fates" = screened(
      fate_probs = list(a = parts$probs, b = `colnames<-`(parts$probs, c("EC", "MES", "X")))
    ),
    "a label set that is a text" = screened(fate_probs = list(a = parts$probs, b = "x")),
    "a fate without name" = screened(fate_probs = `colnames<-`(parts$probs, c("EC", NA, "NEU"))),
    "complex probabilities" = screened(fate_probs = parts$probs + 0i),
    "probabilities of factors" = screened(fate_probs = data.frame(EC = factor(rep("a", 40)), MES = 1))
  ),
  refused(
    "fate_screen", "day",
    "days NULL" = screened(day = NULL),
    "days NA" = screened(day = replace(parts$day, 2, NA)),
    "days a list" = screened(day = as.list(parts$day)),
    "days fewer" = screened(day = parts$day[-1]),
    "days a matrix" = screened(day = matrix(parts$day, 20)),
    "days a function" = screened(day = mean),
    "days infinite" = screened(day = rep(c(0, Inf), 20)),
    "days a data frame" = screened(day = data.frame(parts$day)),
    "days a factor with NA" = screened(day = factor(replace(parts$day, 1, NA))),
    "days named by other cells" = screened(day = stats::setNames(parts$day, paste0("z", 1:40)))
  ),
  refused(
    "fate_screen", "replicate",
    "replicates NULL" = screened(replicate = NULL),
    "replicates NA" = screened(replicate = replace(parts$replicate, 2, NA)),
    "replicates more" = screened(replicate = c(parts$replicate, "r1")),
    "replicates a function" = screened(replicate = base::replicate)
  ),
  refused(
    "fate_screen", "day|label",
    "days empty" = screened(day = rep("", 40)),
    "a day of one cell" = screened(day = replace(parts$day, 1, "d9")),
    "days of blanks" = screened(day = rep(c(" ", "d1"), 20))
  ),
  refused(
    "fate_screen", "guide.map|map",
    "map NULL" = screened(guide_map = NULL),
    "map a path" = screened(guide_map = "map.csv"),
    "map a matrix" = screened(guide_map = as.matrix(parts$map)),
    "map a list" = screened(guide_map = as.list(parts$map)),
    "map without rows" = screened(guide_map = parts$map[0, ]),
    "map without columns" = screened(guide_map = parts$map[, 0]),
    "map without genes" = screened(guide_map = parts$map[-2]),
    "map with a guide NA" = screened(
      guide_map = transform(parts$map, guide_name = replace(guide_name, 1, NA))
    ),
    "map with a gene NA" = screened(guide_map = transform(parts$map, gene_name = replace(gene_name, 1, NA))),
    "map with a gene empty" = screened(
      guide_map = transform(parts$map, gene_name = replace(gene_name, 1, ""))
    ),
    "map with a guide twice" = screened(guide_map = parts$map[c(1, 1:6), ]),
    "map with a guide of two genes" = screened(
      guide_map = rbind(parts$map, data.frame(guide_name = "g1", gene_name = "B", is_ntc = 0))
    ),
    "map without a guide" = screened(guide_map = parts$map[-1, ]),
    "map with flags of texts" = screened(guide_map = transform(parts$map, is_ntc = "maybe")),
    "map with flags NA" = screened(guide_map = transform(parts$map, is_ntc = replace(is_ntc, 1, NA))),
    "map with flags 2" = screened(guide_map = transform(parts$map, is_ntc = 2)),
    "map with no controls" = screened(guide_map = transform(parts$map, is_ntc = 0)),
    "map with controls alone" = screened(guide_map = transform(parts$map, is_ntc = 1)),
    "map with a column twice" = screened(
      guide_map = `names<-`(parts$map, c("guide_name", "guide_name", "is_ntc"))
    ),
    "map with a column of lists" = screened(
      guide_map = transform(parts$map, gene_name = I(as.list(gene_name)))
    ),
    "map with a data frame as a column" = screened(guide_map = local({
      map <- parts$map
      map$gene_name <- data.frame(a = map$gene_name)
      map
    })),
    "map of numbers" = screened(guide_map = data.frame(guide_name = 1:6, gene_name = 1:6, is_ntc = 0))
  ),
  refused(
    "fate_screen", "`path`",
    "path NULL" = screened(path = NULL),
    "path NA" = screened(path = NA_character_),
    "path empty" = screened(path = ""),
    "two paths" = screened(path = c("out/a.h5ad", "out/b.h5ad")),
    "path a number" = screened(path = 1)
  ),
  refused(
    "fate_screen", "out|folder|h5ad|file|`path`",
    "path a folder" = screened(path = "out"),
    "path below a file" = screened(path = file.path(write("x", "file"), "a.h5ad")),
    "path of a fifo" = {
      system2("mkfifo", "pipe.h5ad")
      screened(path = "pipe.h5ad")
    },
    "path of the system" = screened(path = "/proc/none/a.h5ad"),
    "path of 5000 letters" = screened(path = paste0(strrep("a", 5000), ".h5ad"))
  ),
  refused(
    "fate_screen", "setting",
    "settings a list" = screened(settings = list()),
    "settings NULL" = screened(settings = NULL),
    "another setting" = screened(fates_key = "a")
  ),
  refused(
    "fate_screen", "`min_umi`|`min_probability`|min_umi",
    "UMIs NA" = screened(min_umi = NA),
    "UMIs text" = screened(min_umi = "5"),
    "UMIs 0" = screened(min_umi = 0),
    "UMIs infinite" = screened(min_umi = Inf),
    "probability 2" = screened(min_probability = 2),
    "both thresholds" = screened(min_umi = 1, min_probability = 0.5),
    "two thresholds" = screened(min_umi = 1:2)
  ),
  refused(
    "fate_screen", "`cell_data`|covariate",
    "covariates without data" = screened(covariates = "lane"),
    "covariates that are not there" = screened(covariates = "lane", cell_data = data.frame(a = 1:40)),
    "data of fewer cells" = screened(covariates = "a", cell_data = data.frame(a = 1:39)),
    "data a list" = screened(covariates = "a", cell_data = list(a = 1:40)),
    "data with lists" = screened(covariates = "a", cell_data = data.frame(a = I(as.list(1:40)))),
    "data NA" = screened(covariates = "a", cell_data = data.frame(a = replace(as.numeric(1:40), 3, NA)))
  ),
  refused(
    "fate_screen", "prob|sum",
    "a negative probability" = screened(fate_probs = replace(parts$probs, 1, -0.2)),
    "a row of zeros" = screened(fate_probs = parts$probs * 0),
    "percentages" = screened(fate_probs = 100 * parts$probs),
    "a probability NaN" = screened(fate_probs = replace(parts$probs, 1, NaN)),
    "an infinite probability" = screened(fate_probs = replace(parts$probs, 1, Inf)),
    "one fate" = screened(fate_probs = parts$probs[, 1, drop = FALSE] * 0 + 1)
  ),
  refused(
    "fate_screen", "fate|NEU|ref",
    "a reference that is not there" = screened(ref_fate = "none"),
    "a contrast that is not there" = screened(contrast_fate = "none"),
    "a fate twice" = screened(fate_probs = `colnames<-`(parts$probs, c("EC", "MES", "MES"))),
    "an empty fate" = screened(fate_probs = `colnames<-`(parts$probs, c("EC", "MES", "")))
  ),
  accepted(
    "fate_screen",
    "a dense matrix" = screened(guides = as.matrix(parts$guides))$summary$n_guides == 4,
    "a data frame" = screened(guides = as.data.frame(as.matrix(parts$guides)))$summary$n_cells == 40,
    "logical" = screened(guides = as.matrix(parts$guides) == 1)$summary$n_guides == 4,
    "a triplet matrix" = screened(guides = methods::as(parts$guides, "TsparseMatrix"))$summary$n_guides == 4,
    "a matrix by row" = screened(guides = methods::as(parts$guides, "RsparseMatrix"))$summary$n_guides == 4,
    "a pattern matrix" = screened(guides = methods::as(parts$guides, "nMatrix"))$summary$n_guides == 4,
    "a tibble of probabilities" = identical(
      screened(fate_probs = tibble::as_tibble(parts$probs))$summary$fates, c("EC", "MES", "NEU")
    ),
    "a data.table as a map" = screened(guide_map = data.table::as.data.table(parts$map))$summary$n_genes == 2,
    "a map of factors" = screened(
      guide_map = as.data.frame(
        lapply(parts$map[1:2], factor), stringsAsFactors = TRUE
      ) |> cbind(parts$map[3])
    )$summary$n_genes == 2,
    "a factor of days" = identical(screened(day = factor(parts$day))$summary$days, c("d0", "d2")),
    "days as dates" = length(screened(day = as.Date("2026-01-01") + rep(0:1, each = 20))$summary$days) == 2,
    "flags logical" = screened(guide_map = transform(parts$map, is_ntc = is_ntc == 1))$summary$n_ntc == 2,
    "a sparse matrix of probabilities" = screened(
      fate_probs = Matrix::Matrix(parts$probs, sparse = TRUE)
    )$summary$n_cells == 40,
    "a gene called NA" = screened(
      guide_map = transform(parts$map, gene_name = sub("A", "NA", gene_name))
    )$summary$n_genes == 2
  )
)
