# Doors of plots.

contrasts_table <- quote(data.frame(gene = rep(c("A", "B"), 2), contrast = rep(c("x", "y"), each = 2), effect = 1:4 / 4, lfsr = 0.01, call = TRUE))

of_result <- function(door, genes = TRUE) {
  f <- as.name(door)
  c(
    eval(rlang::expr(refused(!!door, "`x`", "NULL" = (!!f)(NULL), "a fit" = (!!f)(fit), "a table" = (!!f)(table), "a path" = (!!f)("fit")))),
    if (genes) {
      eval(rlang::expr(refused(
        !!door, "`genes`|gene '", "genes NA" = (!!f)(result, genes = NA_character_), "no genes" = (!!f)(result, genes = character()),
        "a gene that is not there" = (!!f)(result, genes = "none"), "a gene twice" = (!!f)(result, genes = c("G01", "G01")),
        "genes a list" = (!!f)(result, genes = list("G01")), "genes a number" = (!!f)(result, genes = 1), "a gene without letters" = (!!f)(result, genes = ""),
        "genes a factor" = (!!f)(result, genes = factor("G01")), "a gene of a million letters" = (!!f)(result, genes = strrep("G", 1e6))
      )))
    },
    eval(rlang::expr(refused(
      !!door, "`n`", "n NA" = (!!f)(result, n = NA), "n a text" = (!!f)(result, n = "5"), "n negative" = (!!f)(result, n = -1),
      "n infinite" = (!!f)(result, n = Inf), "n NULL" = (!!f)(result, n = NULL), "n a fraction" = (!!f)(result, n = 1.5), "two n" = (!!f)(result, n = 1:2)
    )))
  )
}

of_fit <- function(door) {
  f <- as.name(door)
  eval(rlang::expr(refused(!!door, "`x`|`fit`", "NULL" = (!!f)(NULL), "a result" = (!!f)(result), "a table" = (!!f)(table), "a list" = (!!f)(list()))))
}

c(
  unlist(lapply(c("plot_effects", "plot_effects_data", "plot_heatmap", "plot_heatmap_data", "plot_onset", "plot_onset_data", "plot_gene", "plot_gene_data"), of_result), recursive = FALSE),
  unlist(lapply(c("plot_volcano", "plot_volcano_data"), of_result, genes = FALSE), recursive = FALSE),
  unlist(lapply(c("plot_burden", "plot_burden_data", "plot_cells_per_guide", "plot_cells_per_guide_data", "plot_fates", "plot_fates_data", "plot_loss", "plot_loss_data", "plot_qc", "plot_qc_data", "plot_guides", "plot_guides_data"), of_fit), recursive = FALSE),
  refused("plot_effects", "`level`", "level 1" = plot_effects(result, level = 1), "level NA" = plot_effects(result, level = NA), "level text" = plot_effects(result, level = "a"), "level NULL" = plot_effects(result, level = NULL)),
  refused("plot_gene", "`fit`", "fit a text" = plot_gene(result, "fit"), "fit a result" = plot_gene(result, result), "fit of other days" = plot_gene(result, whole), "fit of other genes" = plot_gene(run_mash(whole), fit)),
  refused("plot_gene", "`fates`", "fates NA" = plot_gene(result, fit, fates = NA), "fates text" = plot_gene(result, fit, fates = "MES")),
  refused("plot_gene", "fates|`fit`|gene_probability_change", "fates that the fit does not know" = plot_gene(result, fit, fates = TRUE), "fates without a fit" = plot_gene(result, fates = TRUE)),
  refused("plot_gene", "gene", "a result of guides" = plot_gene(of_guides)),
  refused("plot_guides", "`genes`|gene '", "a gene that is not there" = plot_guides(fit, "none"), "genes NA" = plot_guides(fit, NA_character_)),
  refused("plot_guides", "`n`", "n 0" = plot_guides(fit, n = 0), "n Inf" = plot_guides(fit, n = Inf)),
  refused("plot_cells_per_guide", "`few`", "few NA" = plot_cells_per_guide(fit, NA), "few text" = plot_cells_per_guide(fit, "a"), "few negative" = plot_cells_per_guide(fit, -1)),
  refused("plot_burden", "earlier|again", "a fit without these numbers" = plot_burden(structure(utils::modifyList(unclass(fit), list(manifest = list(screen = list(burden_counts = NULL)))), class = "fatebias_fit"))),
  refused("plot_contrasts", "`x`", "NULL" = plot_contrasts(NULL), "a number" = plot_contrasts(1), "a list" = plot_contrasts(list()), "a table of others" = plot_contrasts(table), "a function" = plot_contrasts(mean)),
  eval(rlang::expr(refused("plot_contrasts", "effect|lfsr|call|`x`|gene|contrast",
    "effects of texts" = plot_contrasts(transform(!!contrasts_table, effect = "a")), "lfsr of texts" = plot_contrasts(transform(!!contrasts_table, lfsr = "a")),
    "calls of texts" = plot_contrasts(transform(!!contrasts_table, call = "yes")), "a gene and contrast twice" = plot_contrasts(rbind(!!contrasts_table, !!contrasts_table)),
    "no rows" = plot_contrasts((!!contrasts_table)[0, ]), "a gene without name" = plot_contrasts(transform(!!contrasts_table, gene = c(NA, "B", "A", "B"))),
    "a contrast without name" = plot_contrasts(transform(!!contrasts_table, contrast = NA_character_)), "a list of genes" = plot_contrasts(transform(!!contrasts_table, gene = I(list(1, 2, 3, 4))))
  ))),
  eval(rlang::expr(refused("plot_contrasts", "day", "a day that is not there" = plot_contrasts(!!contrasts_table, day = "d0"), "day NA" = plot_contrasts(!!contrasts_table, day = NA), "two days" = plot_contrasts(!!contrasts_table, day = c("d0", "d1"))))),
  eval(rlang::expr(refused("plot_contrasts_data", "gene|`n`", "a gene that is not there" = plot_contrasts_data(!!contrasts_table, "none"), "n 0" = plot_contrasts_data(!!contrasts_table, n = 0), "genes a factor" = plot_contrasts_data(!!contrasts_table, factor("A"))))),
  eval(rlang::expr(accepted("plot_contrasts", "all effects missing" = inherits(plot_contrasts(transform(!!contrasts_table, effect = NA_real_)), "ggplot"), "a tibble" = inherits(plot_contrasts(tibble::as_tibble(!!contrasts_table)), "ggplot")))),
  refused("autoplot", "`what`", "another plot" = autoplot(result, "pie"), "NA" = autoplot(result, NA), "a number" = autoplot(result, 1), "two plots" = autoplot(result, c("effects", "onset")), "of a fit another plot" = autoplot(fit, "pie")),
  refused("autoplot", "mash", "weights of ash" = autoplot(of_ash, "weights")),
  accepted("plot_onset", "no hits" = inherits(plot_onset(local({
    x <- result
    x$table <- data.table::copy(x$table)
    for (name in grep("^call", names(x$table), value = TRUE)) data.table::set(x$table, j = name, value = FALSE)
    x
  })), "ggplot")),
  accepted("plot_effects", "more than there are" = nrow(plot_effects_data(result, n = 1e6)) == 4 * nrow(result$table)),
  accepted("plot_heatmap", "of guides" = inherits(plot_heatmap(of_guides, n = 3), "ggplot")),
  accepted("plot_volcano", "of ash" = inherits(plot_volcano(of_ash), "ggplot"))
)
