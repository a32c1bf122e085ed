# A copy of the example fit with changes of probability of cells whose log odds are known: two a day.

known_cells <- function(fit) {
  n_days <- length(fit$days)
  eta <- array(seq(-1, 1, length.out = 2 * 2 * n_days), c(2, 2, n_days)) # cells x fates x days
  p <- lapply(seq_len(n_days), function(d) softmax_rows(eta[, , d]))
  list(p = p, baseline = do.call(rbind, lapply(p, colMeans)))
}

softmax_rows <- function(eta) t(apply(cbind(0, eta), 1, function(cell) exp(cell) / sum(exp(cell))))

# change of each fate of a gene whose effects are `theta` (fates x days), by the definition
change_by_hand <- function(fit, theta) {
  cells <- known_cells(fit)
  vapply(seq_along(fit$days), function(d) {
    eta <- log(cells$p[[d]][, -1] / cells$p[[d]][, 1])
    colMeans(softmax_rows(eta + rep(theta[, d], each = 2)) - cells$p[[d]])
  }, numeric(3))
}

# effects on MES are the fit's estimates, those on NEU half of them with the other sign
fit_with_changes <- function(fit = example_fit()) {
  cells <- known_cells(fit)
  tables <- lapply(fit$gene$gene, function(gene) {
    mes <- betahat(fit$estimate)[fit$estimate$gene == gene, ]
    change <- change_by_hand(fit, rbind(mes, -mes / 2))
    data.table::data.table(
      gene = gene, day = rep(seq_along(fit$days) - 1L, each = 3),
      fate = rep(c("EC", "MES", "NEU"), length(fit$days)),
      baseline = as.vector(t(cells$baseline)), change = as.vector(change), low = as.vector(change) - 0.01,
      high = as.vector(change) + 0.02
    )
  })
  fit$probability_change <- data.table::rbindlist(tables)
  fit
}
