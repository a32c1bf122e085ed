# All fates of a fit, without Python: the example's genes, with effects of known kinds, the same on all days.
# Every fourth gene raises MES at the cost of EC, every fourth moves cells out of NEU, the others do nothing.
known_view <- function(fit, se = 0.08) {
  genes <- fit$gene$gene
  n_days <- length(fit$days)
  baseline <- c(0.4, 0.3, 0.3)
  kinds <- list(c(-0.667, 0.5, 0), c(0, 0, -0.8), c(0, 0, 0), c(0, 0, 0))
  theta <- array(0, c(length(genes), n_days, 2))
  for (gene in seq_along(genes)) {
    u <- kinds[[(gene - 1) %% 4 + 1]]
    theta[gene, , ] <- rep((u - u[[1]])[-1], each = n_days)
  }
  covariance <- se^2 * kronecker(diag(2) + 1, diag(n_days)) / 2
  noise <- aperm(array(covariance, c(n_days, 2, n_days, 2, length(genes))), c(5, 1, 2, 3, 4))
  errors <- withr::with_seed(1, matrix(rnorm(length(theta)), length(genes)) %*% chol(covariance))
  list(
    theta = theta + array(errors, dim(theta)), noise = noise, genes = genes, fates = c("EC", "MES", "NEU"),
    times = seq_len(n_days) - 1, cells = rep(list(list(p = rbind(baseline), weight = 1)), n_days)
  )
}

# The fit's contrast against itself turned round: what contrast_fit() would give for "EC - MES"
turned_fit <- function(fit, contrast) {
  for (name in c("gene", "estimate")) {
    table <- data.table::copy(fit[[name]])
    for (column in grep("^betahat", names(table), value = TRUE)) table[[column]] <- -table[[column]]
    fit[[name]] <- table
  }
  fit$manifest$contrast <- contrast
  fit
}

# Without Python no word of a contrast is looked at
plain_words <- function(own, contrasts, fates) c(own, setdiff(contrasts, own))
