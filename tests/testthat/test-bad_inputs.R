# One expectation a case: what is odd ends in an error of fatebias that names it, or is taken rightly.

skip_on_os("windows") # links, pipes and signs in names of files

for (family in bad_families()) {
  test_that(paste("odd inputs are refused or taken rightly:", family), {
    for (case in bad_cases(family)) {
      problems <- case_problems(case)
      expect_identical(problems, character(), info = paste(case$door, case$id, sep = ": "))
    }
  })
}

test_that("every door has three cases or more, and there are 1,500 in all", {
  cases <- bad_cases()
  doors <- vapply(cases, `[[`, character(1), "door")
  few <- setdiff(getNamespaceExports("fatebias"), names(which(table(doors) >= 3)))
  expect_identical(few, character())
  expect_identical(setdiff(doors, getNamespaceExports("fatebias")), character())
  expect_gte(length(cases), 1500)
  names <- vapply(cases, function(case) paste(case$door, case$id), character(1))
  expect_identical(names[duplicated(names)], character())
})
