right <- made_certificate()
wrong <- made_certificate(sd = 2)

test_that("print and summary say what failed", {
  lines <- format(wrong)
  expect_match(lines[[1]], "FAILED")
  expect_match(lines, "pass permutation mean of z", all = FALSE)
  expect_match(lines, "scatter [0-9.]+ times", all = FALSE)
  expect_output(print(right), "all passed")
  expect_output(print(summary(wrong)), "NOT passed")
  expect_output(print(summary(right)), "passed.*rejected")
})

test_that("tidy and glance give the rows, and count them", {
  expect_identical(tidy(wrong), wrong$checks)
  expect_false(glance(wrong)$passed)
  expect_identical(glance(wrong)$n_failed, sum(!wrong$checks$pass))
  not_made <- new_certificate(example_fit(), "ntc", list(ntc = list()), fate_settings(), 0)
  expect_identical(glance(not_made)$n_not_made, 1L)
})
