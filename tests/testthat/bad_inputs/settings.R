# Doors of settings: files, words, values of every key.

#' Every setting with values that none of its type is
values_of_other_types <- function(key) {
  row <- fatebias:::settings_table()[[key]]
  texts <- row$type %in% c("string", "strings", "names") && is.null(row$choices)
  wrong <- c(
    list(`a list of lists` = list(list(1)), `an infinite number` = -Inf),
    if (!texts) list(`two lines` = "a\nb{{ }}") else list(`a function` = quote(mean))
  )
  lapply(names(wrong), function(what) {
    given <- rlang::set_names(wrong[what], key)
    one_case("fate_settings", paste(key, "is", what), rlang::expr(fate_settings(!!!given)), key)
  })
}

c(
  refused(
    "read_settings", "`path`",
    "NULL" = read_settings(NULL),
    "NA" = read_settings(NA),
    "a number" = read_settings(1),
    "two files" = read_settings(c("a.yaml", "b.yaml")),
    "a list" = read_settings(list("a.yaml")),
    "no file" = read_settings(character())
  ),
  refused(
    "read_settings", "config|exist|`path`|loop|pipe|folder|file",
    "missing" = read_settings("config.yaml"),
    "an empty path" = read_settings(""),
    "a long path" = read_settings(strrep("a", 5000)),
    "a folder" = read_settings("out"),
    "a device" = read_settings("/dev/null"),
    "a device without end" = read_settings("/dev/zero"),
    "a fifo" = {
      system2("mkfifo", "pipe")
      read_settings("pipe")
    },
    "a link to itself" = {
      file.symlink("loop.yaml", "loop.yaml")
      read_settings("loop.yaml")
    },
    "zeros" = read_settings(bytes(raw(50), "config.yaml")),
    "an archive" = read_settings(bytes(as.raw(c(0x1f, 0x8b, 8, 0, 1)), "config.yaml")),
    "UTF-16" = read_settings(bytes(iconv("seed: 1\n", "UTF-8", "UTF-16", toRaw = TRUE)[[1]], "config.yaml")),
    "UTF-32" = read_settings(bytes(iconv("seed: 1\n", "UTF-8", "UTF-32", toRaw = TRUE)[[1]], "config.yaml")),
    "Latin-1" = read_settings(bytes(as.raw(c(utf8ToInt("out_dir: f"), 0xfc, 10)), "config.yaml")),
    "half a character" = read_settings(bytes(as.raw(c(utf8ToInt("out_dir: "), 0xc3)), "config.yaml")),
    "more than can be meant" = read_settings(write(strrep("# long\n", 4e5), "config.yaml"))
  ),
  refused(
    "read_settings", "config.yaml",
    "a word" = read_settings(write("calibrated", "config.yaml")),
    "a list of keys" = read_settings(write("- seed: 1", "config.yaml")),
    "a file of a number" = read_settings(write("42", "config.yaml")),
    "JSON cut" = read_settings(write("{\"seed\": 1", "config.yaml")),
    "no blank after the colon" = read_settings(write("seed:1", "config.yaml")),
    "a tab" = read_settings(write("slurm:\n\tretries: 1", "config.yaml")),
    "quotes not closed" = read_settings(write("out_dir: \"a", "config.yaml")),
    "brackets not closed" = read_settings(write("fates: [A, B", "config.yaml")),
    "two documents" = read_settings(write("seed: 1\n---\nseed: 2", "config.yaml")),
    "a key twice" = read_settings(write("seed: 1\nseed: 2", "config.yaml")),
    "a key twice in a block" = read_settings(write("slurm:\n  retries: 1\n  retries: 2", "config.yaml")),
    "an alias" = read_settings(write("out_dir: &a results\nscreen: *a", "config.yaml")),
    "a merge key" = read_settings(write("slurm:\n  <<: {retries: 1}", "config.yaml")),
    "a bomb of aliases" = read_settings(
      write(
        c(
          "a: &a [1,1,1,1,1,1,1,1,1]",
          sprintf(
            "%s: &%s [*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s]", letters[2:9], letters[2:9], letters[1:8],
            letters[1:8], letters[1:8], letters[1:8], letters[1:8], letters[1:8], letters[1:8], letters[1:8],
            letters[1:8]
          )
        ), "config.yaml"
      )
    ),
    "a tag of R" = read_settings(write("seed: !expr stop('run')", "config.yaml")),
    "a tag of Python" = read_settings(write("seed: !!python/object/apply:os.system ['true']", "config.yaml")),
    "a block as a key" = read_settings(write("? {a: 1}\n: 2", "config.yaml")),
    "lists nested 50 deep" = read_settings(
      write(paste0("fates: ", strrep("[", 50), strrep("]", 50)), "config.yaml")
    ),
    "lists nested 100000 deep" = read_settings(
      write(paste0("fates: ", strrep("[", 1e5), strrep("]", 1e5)), "config.yaml")
    ),
    "blocks nested 30 deep" = read_settings(write(sprintf("%sa:", strrep(" ", 0:30)), "config.yaml")),
    "the character NUL" = read_settings(write("out_dir: \"a\\0b\"", "config.yaml")),
    "300 keys that are none" = read_settings(write(sprintf("key_%d: 1", 1:300), "config.yaml")),
    "a long key" = read_settings(write(paste0(strrep("k", 900), ": 1"), "config.yaml"))
  ),
  refused(
    "read_settings", "preset",
    "preset a list" = read_settings(write("preset: [a]", "config.yaml")),
    "preset a block" = read_settings(write("preset: {a: 1}", "config.yaml")),
    "preset null" = read_settings(write("preset:", "config.yaml")),
    "preset a list of one" = read_settings(write("preset: [plain]", "config.yaml"), preset = list())
  ),
  refused(
    "read_settings", "seed",
    "400 digits" = read_settings(write(paste0("seed: ", strrep("9", 400)), "config.yaml")),
    "20 digits" = read_settings(write("seed: 12345678901234567890", "config.yaml")),
    "an exponent of 400" = read_settings(write("seed: 1e400", "config.yaml")),
    "a fraction" = read_settings(write("seed: 1.5", "config.yaml")),
    "not a number" = read_settings(write("seed: .nan", "config.yaml")),
    "a date" = read_settings(write("seed: 2026-01-01", "config.yaml")),
    "yes" = read_settings(write("seed: yes", "config.yaml")),
    "octal" = read_settings(write("seed: 010", "config.yaml")),
    "a block" = read_settings(write("seed:\n  a: 1", "config.yaml"))
  ),
  refused(
    "read_settings", "slurm",
    "a block that is a list" = read_settings(write("slurm: [1]", "config.yaml")),
    "a block that is a word" = read_settings(write("slurm: yes", "config.yaml")),
    "a block in a block a word" = read_settings(write("slurm:\n  gpu: 3", "config.yaml")),
    "a line in the log folder" = read_settings(write("slurm:\n  log_dir: \"a\\nrm -rf b\"", "config.yaml")),
    "marks of a template" = read_settings(write("slurm:\n  log_dir: \"{{ auth }}\"", "config.yaml"))
  ),
  accepted(
    "read_settings",
    "an empty file" = read_settings(write(character(), "config.yaml"))$seed == fate_settings()$seed,
    "comments alone" = read_settings(write("# nothing", "config.yaml"))$preset == "calibrated",
    "a byte order mark" = read_settings(
      bytes(c(as.raw(c(0xef, 0xbb, 0xbf)), charToRaw("seed: 5\n")), "config.yaml")
    )$seed == 5,
    "ends of lines of Windows" = read_settings(
      bytes(charToRaw("seed: 5\r\nmode: real\r\n"), "config.yaml")
    )$seed == 5,
    "words of two bytes" = read_settings(
      write("contrast_fate: \u03b2-cell", "config.yaml")
    )$contrast_fate == "\u03b2-cell",
    "a document with its mark" = read_settings(write("---\nseed: 3\n...", "config.yaml"))$seed == 3,
    "a file with braces in its name" = read_settings(write("seed: 3", "{x}.yaml"))$seed == 3
  ),
  refused(
    "read_settings", "\\{x\\}",
    "braces in the name of a file" = read_settings("{x}.yaml"),
    "braces in the name of a bad file" = read_settings(write("seed: a", "{x}.yaml"))
  ),
  refused(
    "fate_settings", "named",
    "a value without name" = fate_settings(3),
    "some without names" = fate_settings(seed = 1, 2)
  ),
  refused(
    "fate_settings", "setting",
    "a key that is none" = fate_settings(sead = 1),
    "a key of braces" = fate_settings("{x}" = 1),
    "a key of many letters" = do.call(fate_settings, stats::setNames(list(1), strrep("a", 9000))),
    "a key twice" = fate_settings(seed = 1, seed = 2)
  ),
  refused(
    "fate_settings", "preset",
    "preset NA" = fate_settings(preset = NA),
    "preset two" = fate_settings(preset = c("plain", "calibrated")),
    "preset a function" = fate_settings(preset = mean),
    "preset a list" = fate_settings(preset = list("plain"))
  ),
  refused(
    "fate_settings", "seed",
    "seed a function" = fate_settings(seed = mean),
    "seed a data frame" = fate_settings(seed = data.frame(a = 1)),
    "seed an environment" = fate_settings(seed = globalenv()),
    "seed complex" = fate_settings(seed = 1i),
    "seed a formula" = fate_settings(seed = ~x),
    "seed a date" = fate_settings(seed = "2026-01-01"),
    "seed a factor" = fate_settings(seed = factor("a")),
    "seed a symbol" = fate_settings(seed = quote(x)),
    "seed raw" = fate_settings(seed = as.raw(1))
  ),
  refused(
    "fate_settings", "ref_fate",
    "a fate of NA" = fate_settings(ref_fate = NA_character_),
    "two fates" = fate_settings(ref_fate = c("A", "B")),
    "no fate" = fate_settings(ref_fate = character()),
    "a factor" = fate_settings(ref_fate = factor("A"))
  ),
  accepted(
    "fate_settings",
    "a long vector of fates" = length(fate_settings(fates = sprintf("f%d", 1:1000))$fates) == 1000,
    "a whole number as a double" = identical(fate_settings(seed = 3)$seed, 3L),
    "nothing" = inherits(fate_settings(), "fatebias_settings")
  ),
  refused(
    "settings_for", "`settings`",
    "nothing" = settings_for(),
    "a list" = settings_for(list(), "mash"),
    "NULL" = settings_for(NULL, "mash")
  ),
  refused(
    "settings_for", "`stages`",
    "a stage that is none" = settings_for(fate_settings(), "mush"),
    "stages NULL" = settings_for(fate_settings(), NULL),
    "NA" = settings_for(fate_settings(), NA),
    "a number" = settings_for(fate_settings(), 1)
  ),
  refused(
    "pipeline_settings", "nothing.yaml",
    "a file that is not there" = withr::with_envvar(c(FATEBIAS_CONFIG = "nothing.yaml"), pipeline_settings())
  ),
  refused(
    "pipeline_settings", "config.yaml",
    "no configuration" = withr::with_envvar(c(FATEBIAS_CONFIG = NA), pipeline_settings())
  ),
  refused(
    "pipeline_settings", "config.yaml",
    "an empty name" = withr::with_envvar(c(FATEBIAS_CONFIG = ""), pipeline_settings())
  ),
  accepted(
    "pipeline_settings",
    "a file of its own" = withr::with_envvar(
      c(FATEBIAS_CONFIG = write("seed: 8", "own.yaml")), pipeline_settings()
    )$seed == 8
  ),
  refused(
    "existing_input", "`settings`",
    "a list" = existing_input(list(screen = "a")),
    "NULL" = existing_input(NULL)
  ),
  refused(
    "existing_input", "`key`",
    "another key" = existing_input(fate_settings(), "out_dir"),
    "NA" = existing_input(fate_settings(), NA)
  ),
  refused(
    "existing_input", "screen",
    "a file that is not there" = existing_input(fate_settings(screen = "a.h5ad")),
    "a folder that is no store" = existing_input(fate_settings(screen = "out")),
    "of the stage mash alone, whose default is not there" = existing_input(
      settings_for(fate_settings(), "mash")
    )
  ),
  unlist(lapply(names(fatebias:::settings_table()), values_of_other_types), recursive = FALSE)
)
