fit <- fit_with_guides()
result <- run_mash(fit, settings = fate_settings())
marks <- as.data.frame(result$table)

left_out_of <- function(fit, gene) as.data.frame(fit$left_out)[fit$left_out$gene == gene, ]

# P(effect on a day is above zero, is zero): a mixture of normals, each with its posterior, one by one
mixture_by_hand <- function(result, b, s, day) {
  v <- result$v$matrix
  noise <- diag(s) %*% v %*% diag(s)
  one <- vapply(normals_of(result), function(prior) {
    total <- prior$u + noise
    residual <- b - prior$mean
    log_density <- log(prior$pi) - (determinant(total)$modulus + sum(residual * solve(total, residual))) / 2
    mean <- prior$mean[day] + drop(prior$u %*% solve(total, residual))[day]
    variance <- (prior$u - prior$u %*% solve(total, prior$u))[day, day]
    none <- prior$u[day, day] == 0 && prior$mean[day] == 0
    c(log_density, if (none) 0 else pnorm(mean / sqrt(variance)), none)
  }, numeric(3))
  weight <- exp(one[1, ] - max(one[1, ]))
  drop(one[2:3, ] %*% weight) / sum(weight)
}

# The normals of the mixture of a result of four days: weight, mean, covariance
normals_of <- function(result) {
  fit <- result$fit
  none <- list(list(pi = fit$pi[[1]], mean = numeric(4), u = matrix(0, 4, 4)))
  one_of <- function(k) {
    scale <- fit$components$grid[[fit$components$scale[[k]]]]
    pattern <- fit$components$patterns[[fit$components$pattern[[k]]]]
    u <- matrix(0, 4, 4)
    u[pattern$on, pattern$on] <- scale^2 * tcrossprod(pattern$root)
    means <- if (is.null(pattern$means)) rbind(0 * pattern$on) else pattern$means
    lapply(seq_len(nrow(means)), function(m) {
      mean <- replace(numeric(4), pattern$on, scale * means[m, ])
      list(pi = fit$pi[[k + 1]] / nrow(means), mean = mean, u = u)
    })
  }
  c(none, unlist(lapply(seq_along(fit$components$pattern), one_of), recursive = FALSE))
}

mixture_of_row <- function(result, row, day) {
  mixture_by_hand(result, unlist(row[paste0("betahat_d", 0:3)]), unlist(row[paste0("se_d", 0:3)]), day)
}

test_that("left-out estimates have the posterior of the mixture, by hand, guide by guide", {
  none <- result$no_effects$posterior
  for (gene in c("G03", "G05", "G06", "G20")) {
    row <- marks[marks$gene == gene, ]
    day <- row$best_day + 1
    sign <- sign(row[[paste0("postmean_d", day - 1)]])
    left <- left_out_of(fit, gene)
    wrong <- vapply(seq_len(nrow(left)), function(i) {
      p <- mixture_of_row(result, left[i, ], day)
      if (sign > 0) 1 - p[[1]] else p[[1]] + p[[2]]
    }, numeric(1))
    expect_equal(row$loo_lfsr_max, none + (1 - none) * max(wrong), tolerance = 1e-5, info = gene)
    effect <- sign * left[[paste0("betahat_d", day - 1)]]
    expect_equal(row$loo_effect_min, min(effect), tolerance = 1e-9)
    expect_identical(row$top_guide, left$guide[which.min(effect)])
    expect_identical(row$robust, row$loo_lfsr_max < 0.05)
    own <- as.data.frame(fit$guide_estimate)[fit$guide_estimate$gene == gene, ]
    value <- own[[paste0("betahat_d", day - 1)]]
    expect_identical(row$guides_agree, sum(sign * value > 0))
    expect_equal(row$top_guide_share, value[own$guide == row$top_guide] / sum(value), tolerance = 1e-9)
  }
})

test_that("a call that rests on one guide is not robust, one that all guides make is", {
  turned <- fit
  day <- paste0("betahat_d", 2)
  at <- which(fit$guide_estimate$gene == "G05")
  for (table in c("guide_estimate", "left_out")) turned[[table]] <- data.table::copy(fit[[table]])
  mean <- fit$estimate$betahat_d2[fit$estimate$gene == "G05"]
  own <- c(3 * mean, 0.01, -0.01)
  data.table::set(turned$guide_estimate, at, day, own)
  rows <- which(fit$left_out$gene == "G05")
  data.table::set(turned$left_out, rows, day, (3 * mean - own) / 2)
  table <- run_mash(turned, settings = fate_settings())$table
  one <- table[table$gene == "G05"]
  expect_true(one$hit_anyday)
  expect_false(one$robust)
  expect_identical(one$top_guide, "G05_1")
  expect_equal(one$top_guide_share, 1)
  expect_identical(one$guides_agree, 2L)
  expect_equal(one$loo_effect_min, 0, tolerance = 1e-9)
  expect_true(result$table[result$table$gene == "G05"]$robust)
  same <- setdiff(names(table), names(no_guide_columns(1)))
  expect_identical(table[, same, with = FALSE], result$table[, same, with = FALSE]) # calls are as they were
})

test_that("genes with one guide cannot be checked", {
  lone <- marks[marks$n_guides == 1, ]
  expect_identical(lone$gene, c("G01", "G02"))
  expect_true(all(is.na(lone[c("loo_effect_min", "loo_lfsr_max", "top_guide", "top_guide_share", "robust")])))
  expect_identical(lone$guides_agree, c(1L, 1L))
})

test_that("replicates are counted on the best day", {
  apart <- fit_with_guides(shift = c(a = 0.3, b = -0.1, c = -0.3))
  table <- as.data.frame(run_mash(apart, settings = fate_settings())$table)
  for (i in c(1, 7, 20, 30)) {
    estimate <- fit$estimate[[paste0("betahat_d", table$best_day[i])]][i]
    sign <- sign(table[[paste0("postmean_d", table$best_day[i])]][i])
    expect_identical(table$replicates_agree[i], sum(sign * (estimate + c(0.3, -0.1, -0.3)) > 0))
  }
  expect_equal(unique(table$replicate_p), pchisq(3, 4, lower.tail = FALSE))
  expect_identical(unique(table$n_replicates), 3L)
  one <- run_mash(fit_with_guides(shift = c(r1 = 0)), settings = fate_settings())$table
  expect_true(all(is.na(one$n_replicates)))
  expect_true(all(is.na(one$replicates_agree)) && all(is.na(one$replicate_p)))
  expect_identical(one$robust, result$table$robust)
})

test_that("where no estimate of the day is left, nothing is sure; other guides count as they were", {
  gone <- fit
  gone$left_out <- data.table::copy(fit$left_out)
  row <- which(fit$left_out$gene == "G05")[2]
  data.table::set(gone$left_out, row, c("betahat_d2", "se_d2"), NA_real_)
  one <- run_mash(gone, settings = fate_settings())$table[5]
  expect_identical(one$loo_lfsr_max, 1)
  others <- fit$left_out[fit$left_out$gene == "G05"]$betahat_d2[-2]
  expect_equal(one$loo_effect_min, min(others))
  gone$left_out <- gone$left_out[row] # a single row
  expect_identical(run_mash(gone, settings = fate_settings())$table$loo_lfsr_max[4:6], c(NA, 1, NA))
})

test_that("with a V by gene each left-out estimate has its gene's", {
  by_gene <- run_mash(fit, settings = fate_settings(), v = "gene")
  row <- by_gene$table[by_gene$table$gene == "G06"]
  own <- by_gene
  own$v$matrix <- by_gene$v$by_row[, , 6]
  left <- left_out_of(fit, "G06")
  expect_identical(row$best_day, 2L)
  wrong <- vapply(seq_len(nrow(left)), function(i) {
    p <- mixture_of_row(own, left[i, ], 3)
    p[[1]] + p[[2]]
  }, numeric(1))
  none <- by_gene$no_effects$posterior
  expect_equal(row$loo_lfsr_max, none + (1 - none) * max(wrong), tolerance = 1e-6)
})

test_that("ash: the posterior of its mixture, day by day", {
  by_day <- run_mash(fit, settings = fate_settings(), discovery_method = "ashr")
  table <- as.data.frame(by_day$table)
  for (gene in c("G03", "G06", "G20")) {
    row <- table[table$gene == gene, ]
    g <- by_day$fit[[row$best_day + 1]]$fitted_g
    left <- left_out_of(fit, gene)
    sign <- sign(row[[paste0("postmean_d", row$best_day)]])
    wrong <- mapply(function(b, s) {
      weight <- g$pi * dnorm(b, 0, sqrt(g$sd^2 + s^2))
      mean <- b * g$sd^2 / (g$sd^2 + s^2)
      sd <- sqrt(g$sd^2 * s^2 / (g$sd^2 + s^2))
      right <- ifelse(g$sd == 0, 0, pnorm(sign * mean / ifelse(sd == 0, 1, sd)))
      1 - sum(weight * right) / sum(weight)
    }, left[[paste0("betahat_d", row$best_day)]], left[[paste0("se_d", row$best_day)]])
    expect_equal(row$loo_lfsr_max, max(wrong), tolerance = 1e-5, info = gene)
  }
})

test_that("what is not known is missing: posterior, tables, older fits, no guide alone", {
  columns <- names(no_guide_columns(1))
  posterior <- run_mash(fit)$table
  expect_identical(posterior$n_guides, result$table$n_guides)
  expect_true(all(is.na(posterior[, setdiff(columns, "n_guides"), with = FALSE])))
  old <- run_mash(example_fit(), settings = fate_settings())$table
  expect_identical(names(old), names(result$table))
  expect_true(all(is.na(old[, setdiff(columns, "n_guides"), with = FALSE])))
  expect_true(all(is.na(run_mash(fit$estimate)$table[, columns, with = FALSE])))
  expect_false(any(columns %in% names(run_mash(fit, "guide")$table)))
})
