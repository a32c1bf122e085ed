# What a plan starts from: defaults, a pilot fit, what is assumed of genes; and how large the pilot's SEs were
# against what should have been expected of it.

plan_defaults <- list(
  n_cells = 6000, n_genes = 100, guides_per_gene = 6, moi = 5, days = 4, replicates = 2, weight = 7,
  fate_means = rep(1 / 3, 3), contrast = 1, ntc_share = 0.05, sigma_guide = 0.2, guide_sd = 0.2,
  replicate_sd = 0
)

#' Priors behind the estimates: those of the pilot, or the defaults
#' @noRd
plan_priors <- function(fit) {
  settings <- if (is.null(fit)) fate_settings() else update_settings(fit$settings)
  unclass(settings)[c("s_alpha", "s_rep", "s_gamma", "estimate_prior_sd", "estimate_shift")]
}

normal_sizes <- 99L # equally likely sizes that stand for a normal distribution

#' What is assumed of genes: how common they are in cells, and their effects
#' @noRd
assumed_effects <- function(active, effect_sd, active_effects, abundance, call = rlang::caller_env()) {
  validate_arg(active, checkmate::check_number, lower = 1e-4, upper = 1, call = call)
  validate_arg(effect_sd, checkmate::check_number, lower = 1e-6, finite = TRUE, call = call)
  validate_arg(
    active_effects, checkmate::check_numeric,
    finite = TRUE, any.missing = FALSE, min.len = 1, null.ok = TRUE, call = call
  )
  validate_arg(abundance, checkmate::check_number, lower = 0.1, call = call) # Inf: all genes alike
  sizes <- abs(active_effects %||% (effect_sd * stats::qnorm(stats::ppoints(normal_sizes))))
  list(active = active, sizes = sizes, abundance = abundance)
}

# beyond these the sums of a plan are lost in rounding, or no screen has so many
largest_inputs <- c(
  n_cells = 1e10, n_genes = 1e6, guides_per_gene = 1e4, moi = 1000, replicates = 1e4, weight = 1e6,
  contrast = 1e4
)

#' Checked inputs; days as shares
#' @noRd
plan_inputs <- function(inputs, assumed, call = rlang::caller_env()) {
  for (name in names(largest_inputs)) {
    value <- inputs[[name]]
    most <- largest_inputs[[name]]
    least <- if (name == "moi") 0 else 1e-6
    validate_arg(value, checkmate::check_number, lower = least, upper = most, arg = name, call = call)
  }
  ntc_share <- inputs$ntc_share
  for (name in c("sigma_guide", "guide_sd", "replicate_sd")) {
    value <- inputs[[name]]
    validate_arg(value, checkmate::check_number, lower = 0, finite = TRUE, arg = name, call = call)
  }
  validate_arg(ntc_share, checkmate::check_number, lower = 0, upper = 0.99, call = call)
  validate_days_and_fates(inputs, call)
  shares <- if (length(inputs$days) == 1) rep(1, inputs$days) else inputs$days
  shares <- shares / sum(shares)
  means <- inputs$fate_means
  if (!is.matrix(means)) means <- matrix(means, length(shares), length(means), byrow = TRUE)
  if (length(shares) < 2 || ncol(means) < 2 || any(means <= 0) || inputs$contrast > ncol(means) - 1) {
    abort_simulation(c(
      "These sizes make no screen.",
      i = "It takes two or more days, two or more fates with probability above 0, and a contrast among them."
    ), call = call)
  }
  if (inputs$moi == 0 && ntc_share == 0) {
    abort_simulation(c(
      "These sizes make no screen: each cell has one guide, and none is a control.",
      i = "Effects are told from cells with controls: give {.arg ntc_share}, or {.arg moi}, above 0."
    ), call = call)
  }
  if (inputs$n_genes <= inputs$moi) {
    abort_simulation(c(
      "These sizes make no screen: cells carry {inputs$moi} guides, of {inputs$n_genes} gene{?s} in all.",
      i = "It takes more genes ({.arg n_genes}) than guides a cell ({.arg moi})."
    ), call = call)
  }
  inputs$days <- shares
  inputs$fate_means <- means / rowSums(means)
  c(inputs, assumed)
}


#' Are days (a number of them, or their cells), fates and their contrast numbers that can be counted with?
#' @noRd
validate_days_and_fates <- function(inputs, call) {
  days <- inputs$days
  fate_means <- inputs$fate_means
  contrast <- inputs$contrast
  if (length(days) == 1) {
    validate_arg(days, checkmate::check_int, lower = 1, upper = most_times, call = call)
  }
  validate_arg(
    days, checkmate::check_numeric,
    lower = 1e-6, finite = TRUE, any.missing = FALSE, min.len = 1, max.len = most_times, call = call
  )
  numbers <- if (is.matrix(fate_means)) as.vector(fate_means) else fate_means
  validate_arg(
    numbers, checkmate::check_numeric,
    finite = TRUE, any.missing = FALSE, min.len = 1, arg = "fate_means", call = call
  )
  n_days <- if (length(days) == 1) days else length(days)
  if (is.matrix(fate_means) && nrow(fate_means) != n_days) {
    abort_argument("{.arg fate_means} must have a row for each of {n_days} days.", call = call)
  }
  validate_arg(contrast, checkmate::check_int, lower = 1, call = call)
}

#' Inputs with what is asked for in their place; of other days than the pilot's its fates are the mean
#' @noRd
override_inputs <- function(pilot, given) {
  inputs <- override(pilot, Filter(Negate(is.null), given))
  n_days <- if (length(inputs$days) == 1) inputs$days else length(inputs$days)
  means <- inputs$fate_means
  if (is.null(given$fate_means) && is.matrix(means) && !identical(nrow(means), as.integer(n_days))) {
    inputs$fate_means <- colMeans(means)
  }
  inputs
}

#' Inputs by a pilot fit
#' @noRd
pilot_inputs <- function(fit, call = rlang::caller_env()) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_fit)
  m <- fit$manifest
  s <- m$screen
  if (has_one_day(fit)) abort_simulation("The pilot has one day; a plan is of two days or more.", call = call)
  cells <- as_day_matrix(s$cells_by_day_replicate, length(s$days), s$replicates)
  beside <- match(m$contrast, s$fates[-1])
  contrast <- if (is.na(beside)) 1 else beside # of a difference of two fates; the scaling puts it right
  list(
    n_cells = s$n_cells, n_genes = s$n_genes, guides_per_gene = max(1, s$n_guides / s$n_genes),
    moi = poisson_mean(s$guides_per_cell_mean), days = rowSums(cells), replicates = length(s$replicates),
    weight = mean(unlist(m$likelihood_weight)),
    fate_means = as_day_matrix(s$fate_means_by_day, length(s$days), s$fates),
    contrast = contrast, ntc_share = s$n_ntc / (s$n_ntc + s$n_guides),
    sigma_guide = unlist(m$scales$sigma_guide$mean)[[contrast]],
    guide_sd = mean_sd(guide_variance(m$estimates, m$estimates$guide_sd)) %||%
      unlist(m$scales$sigma_guide$mean)[[contrast]],
    replicate_sd = mean_sd(as.numeric(unlist(m$estimates$replicate_sd))^2) %||% 0
  )
}

#' Variance of guides of a gene by day, a row for each SD; empty for a fit of an earlier version
#' @noRd
guide_variance <- function(estimates, sd) {
  outer(as.numeric(sd)^2 + (estimates$guide_day_sd %||% 0)^2, as.numeric(unlist(estimates$guide_profile))^2)
}

#' SD over days from variances by day; NULL where none is known, as in fits of an earlier version
#' @noRd
mean_sd <- function(variance) if (length(variance) > 0) sqrt(mean(variance))

#' SEs of a pilot, without what guides and replicates add, against what is expected of it, by day; days that
#' the plan adds get the mean
#' @noRd
pilot_scaling <- function(fit, pilot, inputs) {
  found <- apply(sqrt(sampling_variance(fit)), 2, stats::median, na.rm = TRUE)
  ratio <- unname(found) / expected_se(pilot)$table$se
  if (length(ratio) == length(inputs$days)) ratio else rep(mean(ratio), length(inputs$days))
}

#' Variance of a pilot's estimates by its cells alone, genes x days
#'
#' Under `estimand: gene` the variance of guides, by gene, and that of replicates were added to it.
#' @noRd
sampling_variance <- function(fit) {
  table <- fit$estimate %||% fit$gene
  variance <- day_matrix(table, "se")^2
  e <- fit$manifest$estimates
  if (!identical(fit$manifest$settings$estimand, "gene") || is.null(fit$heterogeneity)) {
    return(variance)
  }
  own <- fit$heterogeneity[match(table$gene, fit$heterogeneity$gene)]
  guides <- guide_variance(e, own$guide_sd) / own$n_guides
  replicates <- as.numeric(unlist(e$replicate_sd))^2 / e$n_replicates
  pmax(sweep(variance - guides, 2, replicates), least_share * variance)
}

least_share <- 0.01 # of a variance that is its cells' own: rounding of files must not leave less than none
