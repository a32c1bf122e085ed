# Doors of plots. DOOR stands for each of several.

of_results <- c(
  "plot_effects", "plot_effects_data", "plot_heatmap", "plot_heatmap_data", "plot_onset", "plot_onset_data",
  "plot_gene", "plot_gene_data"
)
of_fits <- c(
  "plot_burden", "plot_burden_data", "plot_cells_per_guide", "plot_cells_per_guide_data", "plot_fates",
  "plot_fates_data", "plot_loss", "plot_loss_data", "plot_qc", "plot_qc_data", "plot_guides",
  "plot_guides_data"
)

c(
  each_door(c(of_results, "plot_volcano", "plot_volcano_data"), c(
    refused(
      "DOOR", "`x`",
      "NULL" = DOOR(NULL),
      "a fit" = DOOR(fit),
      "a table" = DOOR(table),
      "a path" = DOOR("fit"),
      "nothing" = DOOR()
    ),
    refused(
      "DOOR", "`n`",
      "n NA" = DOOR(result, n = NA),
      "n a text" = DOOR(result, n = "5"),
      "n negative" = DOOR(result, n = -1),
      "n infinite" = DOOR(result, n = Inf),
      "n NULL" = DOOR(result, n = NULL),
      "n a fraction" = DOOR(result, n = 1.5),
      "two n" = DOOR(result, n = 1:2)
    )
  )),
  each_door(of_results,
    refused(
      "DOOR", "`genes`|gene '",
      "genes NA" = DOOR(result, genes = NA_character_),
      "no genes" = DOOR(result, genes = character()),
      "a gene that is not there" = DOOR(result, genes = "none"),
      "a gene twice" = DOOR(result, genes = c("G01", "G01")),
      "genes a list" = DOOR(result, genes = list("G01")),
      "genes a number" = DOOR(result, genes = 1),
      "a gene without letters" = DOOR(result, genes = ""),
      "genes a factor" = DOOR(result, genes = factor("G01")),
      "a gene of a million letters" = DOOR(result, genes = strrep("G", 1e6))
    )
  ),
  each_door(c("plot_heatmap", "plot_effects_data", "plot_onset", "plot_gene"),
    refused(
      "DOOR", "`mark`|gene '",
      "mark NA" = DOOR(result, mark = NA_character_),
      "no genes to mark" = DOOR(result, mark = character()),
      "mark that is not there" = DOOR(result, mark = "none"),
      "mark a number" = DOOR(result, mark = 1)
    )
  ),
  each_door(c("plot_volcano", "plot_volcano_data"),
    refused(
      "DOOR", "`genes`|gene '",
      "genes NA" = DOOR(result, genes = NA_character_),
      "no genes" = DOOR(result, genes = character()),
      "a gene that is not there" = DOOR(result, genes = "none")
    )
  ),
  each_door(c("plot_roc", "plot_roc_data"),
    refused(
      "DOOR", "`x`|`genes`|gene '|genes",
      "NULL" = DOOR(NULL, "G01"),
      "a fit" = DOOR(fit, "G01"),
      "a result of guides" = DOOR(of_guides, "G01"),
      "genes that are not there" = DOOR(result, c("none", "G01")),
      "no genes" = DOOR(result, character()),
      "genes not given" = DOOR(result),
      "all genes" = DOOR(result, result$table$gene),
      "nothing" = DOOR()
    )
  ),
  each_door(of_fits,
    refused(
      "DOOR", "`x`|`fit`",
      "NULL" = DOOR(NULL),
      "a result" = DOOR(result),
      "a table" = DOOR(table),
      "a list" = DOOR(list()),
      "nothing" = DOOR()
    )
  ),
  refused(
    "plot_effects", "`level`",
    "level 1" = plot_effects(result, level = 1),
    "level NA" = plot_effects(result, level = NA),
    "level text" = plot_effects(result, level = "a"),
    "level NULL" = plot_effects(result, level = NULL)
  ),
  refused(
    "plot_gene", "`fit`",
    "fit a text" = plot_gene(result, "fit"),
    "fit a result" = plot_gene(result, result),
    "fit of other days" = plot_gene(result, whole),
    "fit of other genes" = plot_gene(of_whole, fit)
  ),
  refused(
    "plot_gene", "`fates`",
    "fates NA" = plot_gene(result, fit, fates = NA),
    "fates text" = plot_gene(result, fit, fates = "MES")
  ),
  refused(
    "plot_gene", "fates|`fit`|gene_probability_change",
    "fates that the fit does not know" = plot_gene(result, fit, fates = TRUE),
    "fates without a fit" = plot_gene(result, fates = TRUE)
  ),
  refused(
    "plot_gene", "gene",
    "a result of guides" = plot_gene(of_guides)
  ),
  refused(
    "plot_guides", "`genes`|gene '",
    "a gene that is not there" = plot_guides(fit, "none"),
    "genes NA" = plot_guides(fit, NA_character_)
  ),
  refused(
    "plot_guides", "`n`",
    "n 0" = plot_guides(fit, n = 0),
    "n Inf" = plot_guides(fit, n = Inf)
  ),
  refused(
    "plot_cells_per_guide", "`few`",
    "few NA" = plot_cells_per_guide(fit, NA),
    "few text" = plot_cells_per_guide(fit, "a"),
    "few negative" = plot_cells_per_guide(fit, -1)
  ),
  refused(
    "plot_burden", "earlier|again",
    "a fit without these numbers" = plot_burden(without_screen(fit))
  ),
  each_door(c("plot_runs", "plot_runs_data"), c(
    refused(
      "DOOR", "`x`",
      "NULL" = DOOR(NULL),
      "a result" = DOOR(result),
      "nothing" = DOOR()
    ),
    refused(
      "DOOR", "`n`",
      "n NA" = DOOR(compare_runs(result, hits), n = NA),
      "n negative" = DOOR(compare_runs(result, hits), n = -1)
    )
  )),
  refused(
    "plot_contrasts", "`x`",
    "NULL" = plot_contrasts(NULL),
    "a number" = plot_contrasts(1),
    "a list" = plot_contrasts(list()),
    "a table of others" = plot_contrasts(table),
    "a function" = plot_contrasts(mean),
    "nothing" = plot_contrasts()
  ),
  refused(
    "plot_contrasts", "effect|lfsr|call|`x`|gene|contrast",
    "effects of texts" = plot_contrasts(transform(tiles, effect = "a")),
    "lfsr of texts" = plot_contrasts(transform(tiles, lfsr = "a")),
    "calls of texts" = plot_contrasts(transform(tiles, call = "yes")),
    "a gene and contrast twice" = plot_contrasts(rbind(tiles, tiles)),
    "no rows" = plot_contrasts(tiles[0, ]),
    "a gene without name" = plot_contrasts(transform(tiles, gene = c(NA, "B", "A", "B"))),
    "a contrast without name" = plot_contrasts(transform(tiles, contrast = NA_character_)),
    "a list of genes" = plot_contrasts(transform(tiles, gene = I(list(1, 2, 3, 4))))
  ),
  refused(
    "plot_contrasts", "day",
    "a day that is not there" = plot_contrasts(tiles, day = "d0"),
    "day NA" = plot_contrasts(tiles, day = NA),
    "two days" = plot_contrasts(tiles, day = c("d0", "d1"))
  ),
  refused(
    "plot_contrasts_data", "gene|`n`",
    "a gene that is not there" = plot_contrasts_data(tiles, "none"),
    "n 0" = plot_contrasts_data(tiles, n = 0),
    "genes a factor" = plot_contrasts_data(tiles, factor("A"))
  ),
  accepted(
    "plot_contrasts",
    "all effects missing" = inherits(plot_contrasts(transform(tiles, effect = NA_real_)), "ggplot"),
    "a tibble" = inherits(plot_contrasts(tibble::as_tibble(tiles)), "ggplot")
  ),
  refused(
    "autoplot", "`what`",
    "another plot" = autoplot(result, "pie"),
    "NA" = autoplot(result, NA),
    "a number" = autoplot(result, 1),
    "two plots" = autoplot(result, c("effects", "onset")),
    "of a fit another plot" = autoplot(fit, "pie")
  ),
  refused(
    "autoplot", "`what`|genes|betahat",
    "of hits another plot" = autoplot(rank_hits(result), "pie"),
    "of no hits" = autoplot(rank_hits(result)[0]),
    "of hits without their days" = autoplot(rank_hits(result)[, 1:4])
  ),
  refused(
    "autoplot", "mash",
    "weights of ash" = autoplot(of_ash, "weights")
  ),
  accepted(
    "plot_effects",
    "more than there are" = nrow(plot_effects_data(result, n = 1e6)) == 4 * nrow(result$table)
  ),
  accepted(
    "plot_heatmap",
    "of guides" = inherits(plot_heatmap(of_guides, n = 3), "ggplot")
  ),
  accepted(
    "plot_volcano",
    "of ash" = inherits(plot_volcano(of_ash), "ggplot"),
    "no labels" = inherits(plot_volcano(result, n = 0), "ggplot")
  )
)
