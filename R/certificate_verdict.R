# The verdict of a certificate in one line, where others print: it stays with the fit's folder and with hits.

verdict_file <- "verdict.json"

#' One line from the rows of a certificate
#' @noRd
verdict_line <- function(checks) {
  failed <- unique(checks$check[checks$pass %in% FALSE])
  made <- sum(!is.na(checks$pass))
  if (made == 0) return("Certificate: no measure could be made")
  if (length(failed) == 0) return(sprintf("Certificate: all %d measures that were made passed", made))
  sprintf(
    "Certificate FAILED (%s): standard errors and calls may not mean what they say",
    paste(failed, collapse = ", ")
  )
}

#' Keep the verdict in the folder of the fit
#' @noRd
write_verdict <- function(line, fit) {
  folder <- file.path(fit$out_dir, "calibration")
  if (!dir.exists(folder)) {
    return(invisible())
  }
  verdict <- list(created = fit$manifest$created, contrast = fit$manifest$contrast, line = line)
  write_whole(function(stage) jsonlite::write_json(verdict, stage, auto_unbox = TRUE),
              file.path(folder, verdict_file))
}

#' The line of a fit whose certificate was made; NULL without one, where the fit was made anew since, or where
#' it is of another contrast
#' @noRd
kept_verdict <- function(fit) {
  path <- file.path(fit$out_dir, "calibration", verdict_file)
  verdict <- if (file.exists(path)) tryCatch(jsonlite::read_json(path), error = function(error) NULL)
  contrast <- verdict$contrast %||% fit$manifest$contrast
  same <- identical(c(verdict$created, contrast), c(fit$manifest$created, fit$manifest$contrast))
  if (!is.null(verdict$created) && same) verdict$line
}

#' Hits that know their certificate's verdict
#' @noRd
with_verdict <- function(hits, certificate, call = rlang::caller_env()) {
  if (!is.null(certificate)) {
    validate_class(certificate, "fatebias_certificate", "certify_fit", abort_mash, call = call)
    data.table::setattr(hits, "certificate", verdict_line(certificate$checks))
  }
  hits
}

#' The line that hits print, from their attribute `certificate`
#' @noRd
hits_verdict <- function(hits) attr(hits, "certificate")
