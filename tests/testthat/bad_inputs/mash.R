# Doors of mash: estimates, correlations, covariances and settings of run_mash().

c(
  refused(
    "run_mash", "`x`",
    "nothing" = run_mash(),
    "a number" = run_mash(1),
    "NULL" = run_mash(NULL),
    "a function" = run_mash(run_mash),
    "a path" = run_mash("fit"),
    "a result of mash" = run_mash(result),
    "settings in place of a fit" = run_mash(fate_settings())
  ),
  refused(
    "run_mash", "betahat",
    "an empty list" = run_mash(list()),
    "a list of vectors" = run_mash(list(betahat = 1:3, se = 1:3)),
    "matrices of two sizes" = run_mash(list(betahat = matrix(0, 3, 2), se = matrix(1, 2, 3))),
    "matrices of texts" = run_mash(list(betahat = matrix("a", 2, 2), se = matrix("b", 2, 2))),
    "complex numbers" = run_mash(list(betahat = matrix(1i, 2, 2), se = matrix(1, 2, 2))),
    "a table without columns" = run_mash(data.frame()),
    "a table of a column of texts" = run_mash(transform(table, betahat_d1 = "a")),
    "a table with a factor" = run_mash(transform(table, betahat_d1 = factor(betahat_d1))),
    "a table with one SE less" = run_mash(table[names(table) != "se_d2"]),
    "a table with days that are not numbered on" = run_mash(
      stats::setNames(table, sub("d1$", "d7", names(table)))[-7]
    ),
    "a matrix" = run_mash(as.matrix(table[-1])[0, ])
  ),
  refused(
    "run_mash", "name|twice|row",
    "no rows" = run_mash(table[0, ]),
    "one row" = run_mash(table[1, ]),
    "a gene twice" = run_mash(rbind(table, table[1, ])),
    "a gene without name" = run_mash(transform(table, gene = replace(gene, 2, NA))),
    "genes that are numbers, one missing" = run_mash(
      transform(table, gene = c(NA, seq_len(nrow(table) - 1)))
    )
  ),
  refused(
    "run_mash", "estimate|SE|day",
    "an estimate that is infinite" = run_mash(transform(table, betahat_d0 = replace(betahat_d0, 1, Inf))),
    "an estimate that is NaN" = run_mash(transform(table, betahat_d0 = replace(betahat_d0, 1, NaN))),
    "an SE of zero" = run_mash(transform(table, se_d0 = replace(se_d0, 1, 0))),
    "estimates without measure" = run_mash(flat(c(1e200, -1e200))),
    "SEs without measure" = run_mash(flat(1, 1e-200)),
    "a negative SE" = run_mash(transform(table, se_d0 = -se_d0)),
    "an infinite SE" = run_mash(transform(table, se_d0 = replace(se_d0, 1, Inf))),
    "an estimate without SE" = run_mash(transform(table, se_d0 = replace(se_d0, 1, NA))),
    "nothing but missing estimates" = run_mash(
      list(betahat = matrix(NA_real_, 3, 2), se = matrix(NA_real_, 3, 2))
    ),
    "no days" = run_mash(list(betahat = matrix(0, 3, 0), se = matrix(1, 3, 0)))
  ),
  refused(
    "run_mash", "`level`",
    "level of another word" = run_mash(fit, "genes"),
    "level NA" = run_mash(fit, NA),
    "level NULL" = run_mash(fit, NULL),
    "level a number" = run_mash(fit, 1),
    "two levels" = run_mash(fit, level = c("guide", "gene", "x"))
  ),
  refused(
    "run_mash", "settings",
    "settings a list" = run_mash(fit, settings = list(seed = 1)),
    "settings NULL" = run_mash(fit, settings = NULL),
    "settings a path" = run_mash(fit, settings = "config.yaml"),
    "settings NA" = run_mash(fit, settings = NA)
  ),
  refused(
    "run_mash", "`contrast`",
    "contrast NA" = run_mash(fit, contrast = NA_character_),
    "contrast empty" = run_mash(fit, contrast = ""),
    "two contrasts" = run_mash(fit, contrast = c("MES", "NEU")),
    "contrast a number" = run_mash(fit, contrast = 1),
    "contrast a list" = run_mash(fit, contrast = list("MES"))
  ),
  refused(
    "run_mash", "`x`|`fit`",
    "contrast of a table" = run_mash(table, contrast = "MES")
  ),
  refused(
    "run_mash", "`v`|mash_v",
    "v NULL" = run_mash(fit, v = NULL),
    "v NA" = run_mash(fit, v = NA),
    "v a number" = run_mash(fit, v = 1),
    "v another word" = run_mash(fit, v = "none"),
    "v of another size" = run_mash(fit, v = diag(3)),
    "v of texts" = run_mash(fit, v = matrix("a", 4, 4)),
    "v with NA" = run_mash(fit, v = diag(NA_real_, 4)),
    "v of ones" = run_mash(fit, v = matrix(1, 4, 4)),
    "v not symmetric" = run_mash(fit, v = diag(4) + (row(diag(4)) > col(diag(4))) / 2),
    "v with another diagonal" = run_mash(fit, v = 2 * diag(4)),
    "v of other days" = run_mash(fit, v = `dimnames<-`(diag(4), list(letters[1:4], letters[1:4]))),
    "v a data frame" = run_mash(fit, v = as.data.frame(diag(4)))
  ),
  refused(
    "run_mash", "`ntc`|`v`",
    "v of controls without controls" = run_mash(fit, v = "ntc"),
    "controls without any variance" = run_mash(
      fit, v = "ntc", ntc = list(betahat = matrix(0, 9, 4), se = matrix(1, 9, 4))
    ),
    "controls a number" = run_mash(fit, v = "ntc", ntc = 1),
    "controls of one row" = run_mash(fit, v = "ntc", ntc = table[1, ]),
    "controls of other days" = run_mash(
      fit, v = "ntc", ntc = list(betahat = matrix(0, 9, 2), se = matrix(1, 9, 2))
    ),
    "controls that v does not need" = run_mash(fit, ntc = "none")
  ),
  refused(
    "run_mash", "covariance",
    "covariances NULL" = run_mash(fit, covariances = NULL),
    "covariances NA" = run_mash(fit, covariances = NA),
    "covariances another word" = run_mash(fit, covariances = "all"),
    "covariances a number" = run_mash(fit, covariances = 3),
    "covariances a matrix" = run_mash(fit, covariances = diag(4)),
    "covariances an empty list" = run_mash(fit, covariances = list()),
    "covariances a list without names" = run_mash(fit, covariances = list(diag(4))),
    "covariances of another size" = run_mash(fit, covariances = list(a = diag(3))),
    "covariances of texts" = run_mash(fit, covariances = list(a = matrix("b", 4, 4))),
    "covariances not positive semi-definite" = run_mash(fit, covariances = list(a = diag(c(1, 1, 1, -1)))),
    "covariances with NA" = run_mash(fit, covariances = list(a = diag(NA_real_, 4))),
    "covariances with Inf" = run_mash(fit, covariances = list(a = diag(Inf, 4))),
    "covariances of zeros" = run_mash(fit, covariances = list(a = matrix(0, 4, 4))),
    "covariances called the same" = run_mash(fit, covariances = list(a = diag(4), a = 1 + diag(4))),
    "covariances a function" = run_mash(fit, covariances = function(data, days) list(a = diag(4))),
    "covariances learned from zeros alone" = run_mash(flat(0), covariances = cov_data_driven()),
    "a family twice" = run_mash(fit, covariances = cov_ar1() + cov_ar1())
  ),
  refused(
    "run_mash", "own",
    "a builder that throws" = run_mash(
      fit, covariances = covariance_family("own", function(data, days) stop("no"))
    ),
    "a builder that throws no condition" = run_mash(
      fit, covariances = covariance_family("own", function(data, days) data$none$x[[3]])
    ),
    "a builder of NULL" = run_mash(fit, covariances = covariance_family("own", function(data, days) NULL)),
    "a builder of a matrix" = run_mash(
      fit, covariances = covariance_family("own", function(data, days) diag(4))
    ),
    "a builder of numbers" = run_mash(
      fit, covariances = covariance_family("own", function(data, days) list(a = 1))
    ),
    "a builder of missing names" = run_mash(
      fit, covariances = covariance_family("own", function(data, days) stats::setNames(list(diag(4)), NA))
    ),
    "a builder of a mean of texts" = run_mash(
      fit,
      covariances = covariance_family(
        "own", function(data, days) list(a = list(mean = letters[1:4], covariance = diag(4)))
      )
    ),
    "a builder of a mean without covariance" = run_mash(
      fit, covariances = covariance_family("own", function(data, days) list(a = list(mean = 1:4)))
    ),
    "a builder of a list of NULL" = run_mash(
      fit, covariances = covariance_family("own", function(data, days) list(a = NULL))
    )
  ),
  refused(
    "run_mash", "mash_input|`input`",
    "input another word" = run_mash(fit, input = "both"),
    "input NULL" = run_mash(fit, input = NULL)
  ),
  refused(
    "run_mash", "discovery_method",
    "method another word" = run_mash(fit, discovery_method = "mash"),
    "method NA" = run_mash(fit, discovery_method = NA)
  ),
  refused(
    "run_mash", "mash_lfsr_thresh",
    "threshold of texts" = run_mash(fit, lfsr_thresh = "x"),
    "threshold 2" = run_mash(fit, lfsr_thresh = 2),
    "threshold NA" = run_mash(fit, lfsr_thresh = NA)
  ),
  refused(
    "run_mash", "mash_effect_size",
    "effect size negative" = run_mash(fit, effect_size = -1)
  ),
  refused(
    "run_mash", "mash_gridmult",
    "ratio of scales 1" = run_mash(fit, gridmult = 1)
  ),
  refused(
    "run_mash", "mash_prior",
    "prior another word" = run_mash(fit, prior = "flat")
  ),
  refused(
    "run_mash", "mash_null_weight",
    "weight of the null NaN" = run_mash(fit, null_weight = NaN)
  ),
  refused(
    "run_mash", "call_rule",
    "two rules" = run_mash(fit, call_rule = c("lfsr", "svalue"))
  ),
  refused(
    "run_mash", "`day_values`",
    "times that fall" = run_mash(fit, day_values = 4:1),
    "times of texts" = run_mash(fit, day_values = letters[1:4]),
    "times too few" = run_mash(fit, day_values = 1),
    "times with NA" = run_mash(fit, day_values = c(0, NA, 2, 3)),
    "infinite times" = run_mash(fit, day_values = c(0, 1, 2, Inf))
  ),
  refused(
    "run_mash", "`n_draws`",
    "no draws" = run_mash(fit, n_draws = 0),
    "draws NA" = run_mash(fit, n_draws = NA),
    "draws text" = run_mash(fit, n_draws = "x"),
    "more draws than memory" = run_mash(fit, n_draws = 2^31)
  ),
  refused(
    "run_mash", "`seed`",
    "seed NA" = run_mash(fit, seed = NA),
    "seed text" = run_mash(fit, seed = "a"),
    "seed a fraction" = run_mash(fit, seed = 0.5),
    "seed NULL" = run_mash(fit, seed = NULL),
    "seed too large" = run_mash(fit, seed = 1e10)
  ),
  refused(
    "run_mash", "optmethd|optmethod",
    "another argument" = run_mash(fit, optmethd = "mixEM"),
    "an argument of mashr alone" = run_mash(table, optmethod = "mixEM")
  ),
  refused(
    "run_mash", "optmethod|control",
    "optimiser unknown" = run_mash(fit, prior = "mashr", optmethod = "none"),
    "control a number" = run_mash(fit, prior = "mashr", control = 3)
  ),
  accepted(
    "run_mash",
    "a tibble" = isTRUE(
      all.equal(run_mash(tibble::as_tibble(small))$table$lfsr_d0, run_mash(small)$table$lfsr_d0)
    ),
    "days with a gene each" = nrow(run_mash(small[1:2, ])$table) == 2,
    "constant estimates" = all(
      !run_mash(list(betahat = matrix(1, 5, 2), se = matrix(1e3, 5, 2)))$table$hit_anyday
    ),
    "estimates of zero" = all(
      !run_mash(list(betahat = matrix(0, 5, 2), se = matrix(1, 5, 2)))$table$hit_anyday
    ),
    "large estimates" = all(
      run_mash(list(betahat = matrix(1e9, 5, 2), se = matrix(1, 5, 2)))$table$lfsr_d0 <= 1
    ),
    "tiny SEs" = all(
      is.finite(
        run_mash(list(betahat = matrix(c(1, -1, 1), 6, 2), se = matrix(1e-9, 6, 2)))$table$postmean_d0
      )
    ),
    "a day without any estimate" = all(
      is.na(run_mash(transform(small, betahat_d1 = NA, se_d1 = NA))$table$betahat_d1)
    ),
    "one day" = run_mash(table[c("gene", "betahat_d0", "se_d0")])$discovery_method == "ashr",
    "one estimate a row by mashr" = nrow(
      run_mash(list(betahat = diag(NA_real_, 4) + 1, se = diag(NA_real_, 4) + 1))$table
    ) == 4,
    "ash of estimates of zero" = all(
      run_mash(
        list(betahat = matrix(0, 5, 2), se = matrix(1, 5, 2)), discovery_method = "ashr"
      )$table$lfsr_d0 > 0.05
    ),
    "mashr of large estimates" = nrow(
      run_mash(list(betahat = matrix(c(1e6, -1e6), 6, 2), se = matrix(1, 6, 2)), prior = "mashr")$table
    ) == 6,
    "integers" = nrow(run_mash(list(betahat = matrix(1:6, 3, 2), se = matrix(1L, 3, 2)))$table) == 3,
    "V by EM of few rows" = nrow(run_mash(small[1:3, ], v = "em")$table) == 3,
    "V by EM of zeros" = nrow(run_mash(flat(0), v = "em")$table) == 6,
    "V by EM of estimates that do not differ" = nrow(run_mash(flat(1), v = "em", prior = "mashr")$table) == 6,
    "mashr of estimates that do not differ" = nrow(run_mash(flat(1), prior = "mashr")$table) == 6,
    "mashr of zeros" = all(!run_mash(flat(0), prior = "mashr")$table$hit_anyday),
    "mashr of far estimates" = nrow(run_mash(flat(c(1e20, -1e20)), prior = "mashr")$table) == 6,
    "far estimates" = nrow(run_mash(flat(c(1e20, -1e20)))$table) == 6,
    "ash of far estimates" = nrow(run_mash(flat(c(1e20, 0)), discovery_method = "ashr")$table) == 6,
    "covariances learned from zeros" = nrow(run_mash(flat(0), covariances = learned)$table) == 6,
    "covariances learned where nothing differs" = nrow(run_mash(flat(5), covariances = learned)$table) == 6,
    "SEs of all sizes" = nrow(run_mash(flat(1, 10^(-6:5)))$table) == 6,
    "controls that do not differ" = nrow(run_mash(flat(1), v = "simple", ntc = flat(0))$table) == 6,
    "a seed below zero" = nrow(run_mash(small, seed = -5)$table) == 8
  )
)
