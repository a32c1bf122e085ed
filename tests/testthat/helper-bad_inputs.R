# Odd inputs at every door of the package: how cases are written down, and what becomes of one. The tables are
# in bad_inputs/, a file a family of doors. By hand: `print_outcomes("mash")`.

#' Cases that must be refused, each an expression named by what is odd about it
#' @param door name of the exported function.
#' @param about regular expression: what the message must name (argument, file, key).
refused <- function(door, about, ...) cases_of(door, rlang::exprs(...), about)

#' Cases that must be accepted: each expression is TRUE where the value is right
accepted <- function(door, ...) cases_of(door, rlang::exprs(...))

cases_of <- function(door, expressions, about = NULL) {
  stopifnot(rlang::is_named(expressions))
  unname(Map(one_case, door, names(expressions), expressions, list(about)))
}

#' @param about NULL of a case that must be accepted.
one_case <- function(door, id, code, about = NULL) list(door = door, id = id, code = code, about = about)

#' The same cases at several doors: `DOOR` stands for each
each_door <- function(doors, cases) {
  unlist(lapply(doors, function(door) {
    lapply(cases, function(case) {
      case$door <- door
      case$code <- do.call(substitute, list(case$code, list(DOOR = as.name(door))))
      case
    })
  }), recursive = FALSE)
}

bad_families <- function() sub("[.]R$", "", list.files(test_path("bad_inputs"), "[.]R$"))

bad_cases <- function(families = bad_families()) {
  paths <- test_path("bad_inputs", paste0(families, ".R"))
  here <- environment()
  unlist(lapply(paths, function(path) source(path, local = new.env(parent = here))$value), recursive = FALSE)
}

#' Words of R and of other packages that no message of fatebias has
raw_words <- c(
  "subscript", "argument is of length zero", "missing value where TRUE", "non-numeric argument", "Traceback",
  "argument is not interpretable", "object of type", "NAs introduced", "cannot open file", "object '",
  "dims [", "non-conformable", "missing values are not allowed", "incorrect number of",
  "arguments imply differing", "internal error", "no applicable method", "could not find function",
  "unused argument", "invalid '", "not meaningful", "the condition has length", "colClasses", "lexical error",
  "parse error", "vapply", "promise already", "embedded nul", "cannot be coerced", "replacement has"
)
most_words <- 3000 # characters of a message

#' What is wrong with what became of a case: sentences, none where all is right
case_problems <- function(case) {
  things <- odd_things() # before the folder changes, and the tests' own files are elsewhere
  withr::local_dir(withr::local_tempdir("odd-"))
  withr::local_seed(1)
  withr::local_options(`rlang:::disable_trace_capture` = TRUE) # of a deep stack, a trace takes the most time
  dir.create("out")
  before <- session_state()
  found <- run_case(case, things)
  refuse <- !is.null(case$about)
  foreign <- Filter(function(one) !inherits(one, "fatebias_warning"), found$warnings)
  warned <- vapply(foreign, function(one) paste("raw warning:", conditionMessage(one)), character(1))
  left <- c(
    if (refuse) list.files("out", all.files = TRUE, recursive = TRUE),
    grep("[.]stage-|[.]before$", list.files(".", all.files = TRUE, recursive = TRUE), value = TRUE)
  )
  c(
    if (refuse) refusal_problems(found, case$about) else acceptance_problems(found),
    warned, if (length(left) > 0) paste("left behind:", toString(left)),
    sprintf("changed: %s", names(before)[!mapply(identical, before, session_state())])
  )
}

run_case <- function(case, things) {
  warnings <- list()
  value <- tryCatch(
    withCallingHandlers(
      eval(case$code, new.env(parent = things)),
      warning = function(warning) {
        warnings[[length(warnings) + 1L]] <<- warning
        rlang::cnd_muffle(warning)
      },
      message = function(message) rlang::cnd_muffle(message)
    ),
    error = identity
  )
  list(value = value, warnings = warnings)
}

#' The text of an error; not by conditionMessage(), which takes longer than a case to break lines
words_of <- function(error) {
  by_cli <- inherits(error, "rlang_error")
  said <- if (by_cli) c(error$message, unlist(error$body)) else conditionMessage(error)
  if (!is.null(error$parent)) said <- c(said, conditionMessage(error$parent))
  cli::ansi_strip(paste(said, collapse = "\n"))
}

refusal_problems <- function(found, about) {
  error <- found$value
  if (!inherits(error, "error")) {
    return("was accepted")
  }
  said <- words_of(error)
  raw <- raw_words[vapply(raw_words, grepl, logical(1), said, fixed = TRUE)]
  c(
    if (!inherits(error, "fatebias_error")) paste("raw error:", said),
    if (length(raw) > 0) paste("raw words:", said),
    if (!grepl(about, gsub("\\s+", " ", said))) sprintf("does not name %s: %s", about, said),
    if (nchar(said) > most_words) sprintf("%d characters", nchar(said))
  )
}

acceptance_problems <- function(found) {
  if (inherits(found$value, "error")) paste("was refused:", conditionMessage(found$value))
  else if (!isTRUE(found$value)) paste("has another value:", paste(format(found$value), collapse = " "))
}

#' What no door may change for the session
session_state <- function() {
  options <- options()
  list(
    `random numbers` = globalenv()$.Random.seed, options = options[!startsWith(names(options), "reticulate")],
    folder = getwd(), devices = grDevices::dev.list(), connections = getAllConnections()
  )
}

print_outcomes <- function(families = bad_families(), door = NULL) {
  for (case in bad_cases(families)) {
    if (!is.null(door) && case$door != door) next
    start <- proc.time()[[1]]
    problems <- case_problems(case)
    time <- proc.time()[[1]] - start
    mark <- if (length(problems) == 0) "ok" else "BAD"
    if (mark == "BAD" || time > 0.5) {
      cat(sprintf("%-4s %5.2fs %s: %s\n", mark, time, case$door, case$id), paste0("       ", problems, "\n"))
    }
  }
}

#' What cases are made of, made once a test run
odd_things <- local({
  things <- NULL
  function() {
    if (is.null(things)) {
      things <<- new.env(parent = rlang::fn_env(made_things))
      list2env(made_things(), things)
    }
    things
  }
})

made_things <- function() {
  home <- normalizePath(test_path("fixtures", "fit"))
  fit <- read_fit(home)
  whole <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
  result <- run_mash(fit)
  table <- as.data.frame(fit$estimate)
  c(list(
    fit = fit, whole = whole, result = result, hits = rank_hits(result), parts = screen_parts(),
    table = table, small = table[1:8, c("gene", "betahat_d0", "betahat_d1", "se_d0", "se_d1")],
    of_ash = run_mash(fit, discovery_method = "ashr"), of_guides = run_mash(fit, level = "guide"),
    damaged = damaged_fit(home), edited = edited_manifest(home), screened = made_screen,
    of_whole = run_mash(whole), of_any_fit = `[[<-`(run_mash(whole), "fit_id", NULL),
    learned = cov_ar1() + cov_data_driven(),
    no_effect = array(0, c(1, 2, 4), list(whole$gene$gene[1], NULL, NULL)),
    flat = function(estimate, se = 1) {
      list(betahat = matrix(estimate, 6, 2), se = matrix(se, 6, 2))
    },
    damaged_whole = damaged_fit(whole$out_dir), as_screen = made_screen_object,
    tiles = data.frame(
      gene = rep(c("A", "B"), 2), contrast = rep(c("x", "y"), each = 2), effect = 1:4 / 4, lfsr = 0.01,
      call = TRUE
    ),
    without_screen = function(fit) {
      fit$manifest$screen$burden_counts <- NULL
      fit
    }
  ), named_writers())
}

#' A function that copies a fit to `folder`, changes what `change` changes there, and reads it
damaged_fit <- function(home) {
  function(change, signed = FALSE) {
    dir.create("fit")
    file.copy(list.files(home, full.names = TRUE), "fit")
    withr::with_dir("fit", change())
    if (signed) sign_again("fit")
    read_fit("fit")
  }
}

#' The same with one key of the manifest put to a value
edited_manifest <- function(home) {
  damaged <- damaged_fit(home)
  function(key, value) {
    damaged(function() {
      manifest <- jsonlite::read_json("fit_manifest.json")
      manifest[key] <- list(value)
      jsonlite::write_json(manifest, "fit_manifest.json", auto_unbox = TRUE, null = "null", digits = NA)
    })
  }
}

#' fate_screen() of the small parts, some of them other ones; written to out/
made_screen <- function(...) {
  given <- screen_parts()
  given <- list(
    guides = given$guides, fate_probs = given$probs, day = given$day, replicate = given$replicate,
    guide_map = given$map, path = "out/screen.h5ad"
  )
  new <- list(...)
  given[names(new)] <- new
  do.call(fate_screen, given)
}

#' A fatebias_screen as read_screen() gives it, without a file
made_screen_object <- function(path = "gone.h5ad") {
  new_screen(path, "gone.csv", settings_for(fate_settings(), "screen"), described())
}

named_writers <- function() {
  lines_in <- function(file, change) writeLines(change(readLines(file)), file)
  list(
    lines_in = lines_in,
    manifest = "fit_manifest.json", genes_csv = "gene_daywise_for_mash.csv",
    in_rows = function(change) function() lines_in("gene_daywise_for_mash.csv", change),
    recode = function(file) {
      text <- paste(readLines(file), collapse = "\n")
      writeBin(iconv(text, "UTF-8", "UTF-16", toRaw = TRUE)[[1]], file)
    },
    rewrite = function(file, ends = "\n", mark = FALSE) {
      text <- charToRaw(paste0(readLines(file), ends, collapse = ""))
      writeBin(c(if (mark) as.raw(c(0xef, 0xbb, 0xbf)), text), file)
    },
    replace_by = function(from, to) file.copy(from, to, overwrite = TRUE),
    cut_file = function(file, n) writeBin(readBin(file, "raw", n), file),
    broken_npz = normalizePath(test_path("fixtures", "bad.npz")),
    turn_bytes = function(file) {
      bytes <- readBin(file, "raw", file.size(file))
      at <- seq(60, length(bytes) - 200, by = 97)
      writeBin(replace(bytes, at, xor(bytes[at], as.raw(255))), file)
    },
    write = function(text, path) {
      writeLines(text, path)
      path
    },
    bytes = function(bytes, path) {
      writeBin(bytes, path)
      path
    }
  )
}
