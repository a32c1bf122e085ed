# Doors of covariance families.

c(
  refused(
    "covariance_family", "`name`",
    "name NA" = covariance_family(NA, function(data, days) 1),
    "name empty" = covariance_family("", function(data, days) 1)
  ),
  refused(
    "covariance_family", "`build`",
    "build a list" = covariance_family("a", list()),
    "build without days" = covariance_family("a", function(data) 1)
  ),
  refused(
    "covariance_family", "`weight`",
    "weight negative" = covariance_family("a", function(data, days) 1, weight = -1),
    "weight infinite" = covariance_family("a", function(data, days) 1, weight = Inf)
  ),
  refused(
    "covariance_family", "covariance_family|fatebias_covariances",
    "joined with a list" = c(cov_ar1(), list()),
    "a number added" = cov_ar1() + 1
  ),
  refused(
    "covariance_family", "none",
    "a part that is not there" = cov_ar1()["none"]
  ),
  refused(
    "covariance_family", "`i`|position|families",
    "a part beyond the end" = cov_ar1()[7],
    "a part NA" = cov_ar1()[NA]
  ),
  refused(
    "covariance_matrices", "`spec`",
    "spec a matrix" = covariance_matrices(diag(3), 3),
    "spec NULL" = covariance_matrices(NULL, 3),
    "spec text" = covariance_matrices("days", 3)
  ),
  refused(
    "covariance_matrices", "`days`",
    "no days" = covariance_matrices(cov_ar1(), integer()),
    "days NA" = covariance_matrices(cov_ar1(), NA),
    "days text" = covariance_matrices(cov_ar1(), "a"),
    "one day" = covariance_matrices(cov_ar1(), 1),
    "days that fall" = covariance_matrices(cov_ar1(), c(2, 1)),
    "days negative" = covariance_matrices(cov_ar1(), -3),
    "days infinite" = covariance_matrices(cov_ar1(), c(1, Inf)),
    "too many days" = covariance_matrices(cov_ar1(), 1e9)
  ),
  refused(
    "covariance_matrices", "data|learned",
    "data that are needed" = covariance_matrices(cov_data_driven(), 3),
    "data a number" = covariance_matrices(cov_data_driven(), 3, data = 1)
  ),
  refused(
    "cov_random_walk", "`step`",
    "step 0" = cov_random_walk(0),
    "step NULL" = cov_random_walk(NULL),
    "step infinite" = cov_random_walk(Inf)
  ),
  refused(
    "cov_day_subsets", "`weight`",
    "weight NA" = cov_day_subsets(NA),
    "weight text" = cov_day_subsets("1"),
    "two weights" = cov_day_subsets(1:2)
  ),
  refused(
    "cov_canonical_days", "`weight`",
    "weight NA" = cov_canonical_days(NA),
    "weight NULL" = cov_canonical_days(NULL),
    "weight -1" = cov_canonical_days(-1)
  ),
  refused(
    "cov_signed_days", "`size`|`spread`",
    "size 0" = cov_signed_days(0),
    "spread NA" = cov_signed_days(spread = NA),
    "size list" = cov_signed_days(list(1))
  ),
  refused(
    "cov_steady_days", "`size`|`spread`|`wobble`",
    "wobble -1" = cov_steady_days(wobble = -1),
    "size Inf" = cov_steady_days(Inf),
    "spread text" = cov_steady_days(spread = "a")
  ),
  refused(
    "cov_data_driven", "`n_pcs`|`strong_lfsr`|`nugget`",
    "no component" = cov_data_driven(0),
    "lfsr 2" = cov_data_driven(strong_lfsr = 2),
    "nugget NA" = cov_data_driven(nugget = NA)
  ),
  refused(
    "no_matrices", "`reason`",
    "no reason" = no_matrices(NULL),
    "reason NA" = no_matrices(NA),
    "two reasons" = no_matrices(c("a", "b"))
  ),
  refused(
    "day_covariances", "`days`",
    "print for no days" = format(day_covariances(), days = 0),
    "print for days NA" = format(day_covariances(), days = NA)
  ),
  accepted(
    "day_covariances",
    "a table of them" = all(data.table::as.data.table(day_covariances(), days = 2)$weight == 0)
  )
)
