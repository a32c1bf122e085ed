library(testthat)
library(fatebias)

test_check("fatebias")
