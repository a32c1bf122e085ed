# Doors of screens and their parts that are files.

c(
  refused(
    "read_screen", "`path`|`guide_map`",
    "NULL" = read_screen(NULL),
    "NA" = read_screen(NA_character_),
    "a number" = read_screen(1),
    "two" = read_screen(c("a", "b")),
    "a fit" = read_screen(fit),
    "map NULL" = read_screen("a.h5ad", NULL),
    "map a table" = read_screen("a.h5ad", parts$map)
  ),
  refused(
    "read_screen", "exist|folder|h5ad|no file|`path`",
    "missing" = read_screen("none.h5ad"),
    "empty" = read_screen(""),
    "a folder" = read_screen("out"),
    "a text" = read_screen(write("x", "a.h5ad")),
    "an empty file" = read_screen(write(character(), "a.h5ad")),
    "a device" = read_screen("/dev/null"),
    "a fifo" = {
      system2("mkfifo", "pipe.h5ad")
      read_screen("pipe.h5ad")
    },
    "braces in the path" = read_screen("{x}.h5ad"),
    "a link to itself" = {
      file.symlink("loop.h5ad", "loop.h5ad")
      read_screen("loop.h5ad")
    },
    "a file that ends early" = {
      utils::head(readBin(example_file("cellrank_pbmc68k.h5ad"), "raw", 5000), 5000) |> bytes("cut.h5ad")
      read_screen("cut.h5ad")
    }
  ),
  refused(
    "read_screen", "settings",
    "settings NULL" = read_screen("a.h5ad", "b.csv", NULL),
    "settings a list" = read_screen("a.h5ad", "b.csv", list())
  ),
  refused(
    "check_screen", "`path`|`guide_map`|settings",
    "NULL" = check_screen(NULL),
    "NA" = check_screen(NA),
    "map a number" = check_screen("a", 1),
    "settings a list" = check_screen("a", NULL, list())
  ),
  accepted(
    "check_screen",
    "missing" = !check_screen("none.h5ad")$ok,
    "a folder" = !check_screen("out")$ok,
    "a text" = !check_screen(write("x", "a.h5ad"), write("y", "a.csv"))$ok,
    "a map that is a folder" = !check_screen(example_file("cellrank_pbmc68k.h5ad"), "out")$ok
  ),
  refused(
    "match_cells", "parts|part",
    "nothing" = match_cells(),
    "one part" = match_cells(a = matrix(1, 1, 1)),
    "without names" = match_cells(matrix(1), matrix(1)),
    "two of a name" = match_cells(a = matrix(1), a = matrix(1))
  ),
  refused(
    "match_cells", "a|b",
    "parts of numbers" = match_cells(a = 1, b = 2),
    "parts NULL" = match_cells(a = NULL, b = NULL),
    "cells without names" = match_cells(a = matrix(1), b = matrix(1)),
    "no cell in common" = match_cells(
      a = matrix(1, 1, 1, dimnames = list("x", NULL)), b = matrix(1, 1, 1, dimnames = list("y", NULL))
    ),
    "a cell without name" = match_cells(
      a = matrix(1, 2, 1, dimnames = list(c("x", NA), NULL)), b = matrix(1, 1, 1, dimnames = list("x", NULL))
    ),
    "a cell twice" = match_cells(
      a = matrix(1, 2, 1, dimnames = list(c("x", "x"), NULL)), b = matrix(1, 1, 1, dimnames = list("x", NULL))
    )
  ),
  refused(
    "match_cells", "`drop_suffix`",
    "drop NA" = match_cells(a = 1, b = 2, drop_suffix = NA),
    "drop text" = match_cells(a = 1, b = 2, drop_suffix = "-1")
  ),
  refused(
    "read_fate_table", "`table`|table|column|Column",
    "NULL" = read_fate_table(NULL),
    "a number" = read_fate_table(1),
    "two files" = read_fate_table(c("a", "b")),
    "a list" = read_fate_table(list(1)),
    "NA" = read_fate_table(NA_character_),
    "without fates" = read_fate_table(data.frame(cell = "a")),
    "without columns" = read_fate_table(data.frame()),
    "an array" = read_fate_table(array(1, c(1, 1, 1)))
  ),
  refused(
    "read_fate_table", "csv|file|exist",
    "missing" = read_fate_table("none.csv"),
    "a folder" = read_fate_table("out"),
    "an empty file" = read_fate_table(write(character(), "a.csv")),
    "zeros" = read_fate_table(bytes(raw(50), "a.csv")),
    "a device" = read_fate_table("/dev/null"),
    "UTF-16" = read_fate_table(
      bytes(iconv("cell,a,b\nx,.5,.5\n", "UTF-8", "UTF-16", toRaw = TRUE)[[1]], "a.csv")
    ),
    "an address" = read_fate_table("http://127.0.0.1:1/a.csv"),
    "an archive cut" = read_fate_table(bytes(as.raw(c(0x1f, 0x8b, 8, 0)), "a.csv.gz"))
  ),
  refused(
    "read_fate_table", "numeric|numbers|sum|twice|probabilities|fate|name",
    "texts" = read_fate_table(data.frame(cell = "a", x = "b", y = "c")),
    "a cell twice" = read_fate_table(data.frame(cell = c("a", "a"), x = 0.5, y = 0.5)),
    "a row of 2" = read_fate_table(data.frame(cell = "a", x = 1, y = 1)),
    "one fate" = read_fate_table(data.frame(cell = "a", x = 1)),
    "infinite" = read_fate_table(data.frame(cell = "a", x = Inf, y = 0)),
    "no rows" = read_fate_table(data.frame(cell = character(), x = numeric(), y = numeric())),
    "a cell NA" = read_fate_table(data.frame(cell = NA_character_, x = 0.5, y = 0.5)),
    "a fate NA" = read_fate_table(matrix(0.5, 1, 2, dimnames = list("a", c("x", NA)))),
    "a fate twice" = read_fate_table(matrix(0.5, 1, 2, dimnames = list("a", c("x", "x")))),
    "lists" = read_fate_table(data.frame(cell = "a", x = I(list(1)), y = 0))
  ),
  refused(
    "read_fate_table", "`rescale`",
    "rescale NA" = read_fate_table(data.frame(), NA)
  ),
  refused(
    "read_guides_table", "`table`|table",
    "NULL" = read_guides_table(NULL),
    "a number" = read_guides_table(1),
    "without columns" = read_guides_table(data.frame()),
    "two files" = read_guides_table(c("a", "b")),
    "a list" = read_guides_table(list(cell = 1))
  ),
  refused(
    "read_guides_table", "csv|exist|file|null",
    "missing" = read_guides_table("none.csv"),
    "a folder" = read_guides_table("out"),
    "an empty file" = read_guides_table(write(character(), "a.csv")),
    "a device" = read_guides_table("/dev/null"),
    "zeros" = read_guides_table(bytes(raw(50), "a.csv"))
  ),
  refused(
    "read_guides_table", "umi|UMI|cell|guide|number",
    "UMIs of texts" = read_guides_table(data.frame(cell = "a", guide = "b", umi = "c")),
    "UMIs negative" = read_guides_table(data.frame(cell = "a", guide = "b", umi = -1)),
    "UMIs NA" = read_guides_table(data.frame(cell = "a", guide = "b", umi = NA_real_)),
    "UMIs infinite" = read_guides_table(data.frame(cell = "a", guide = "b", umi = Inf)),
    "a cell NA" = read_guides_table(data.frame(cell = NA, guide = "b", umi = 9)),
    "a guide NA" = read_guides_table(data.frame(cell = "a", guide = NA, umi = 9)),
    "a guide empty" = read_guides_table(data.frame(cell = "a", guide = "", umi = 9)),
    "none above" = read_guides_table(data.frame(cell = "a", guide = "b", umi = 1)),
    "no rows" = read_guides_table(data.frame(cell = character(), guide = character(), umi = numeric())),
    "another column" = read_guides_table(data.frame(cell = "a", guide = "b", umi = 9), guide = "sg"),
    "a column NA" = read_guides_table(data.frame(cell = "a", guide = "b", umi = 9), cell = NA),
    "two columns" = read_guides_table(
      data.frame(cell = "a", guide = "b", umi = 9), cell = c("cell", "guide")
    ),
    "lists" = read_guides_table(data.frame(cell = I(list(1)), guide = "b", umi = 9))
  ),
  refused(
    "read_guides_table", "min_umi|min_probability",
    "threshold NA" = read_guides_table(data.frame(cell = "a", guide = "b", umi = 9), min_umi = NA),
    "threshold text" = read_guides_table(data.frame(cell = "a", guide = "b", umi = 9), min_umi = "x")
  ),
  refused(
    "read_guides_cellranger", "`path`|path|exist|folder|none|out|file|sample",
    "NULL" = read_guides_cellranger(NULL),
    "NA" = read_guides_cellranger(NA_character_),
    "missing" = read_guides_cellranger("none"),
    "an empty folder" = read_guides_cellranger("out"),
    "a text" = read_guides_cellranger(write("x", "file.h5")),
    "two without names" = read_guides_cellranger(c("a", "b")),
    "a number" = read_guides_cellranger(1),
    "two of a name" = read_guides_cellranger(c(a = "x", a = "y"))
  ),
  refused(
    "read_guides_cellranger", "`names`|`min_umi`|feature_type|cell_name|`feature_type`|feature",
    "names of another word" = read_guides_cellranger(example_file("cellranger_guides"), names = "x"),
    "UMIs NA" = read_guides_cellranger(example_file("cellranger_guides"), NA),
    "another type" = read_guides_cellranger(example_file("cellranger_guides"), feature_type = "none"),
    "type NA" = read_guides_cellranger(example_file("cellranger_guides"), feature_type = NA),
    "cell name without cell" = read_guides_cellranger(
      c(a = example_file("cellranger_guides")), cell_name = "x"
    ),
    "cell name NA" = read_guides_cellranger(c(a = example_file("cellranger_guides")), cell_name = NA)
  ),
  refused(
    "read_guides_anndata", "`path`|path|exist|none|out|file",
    "NULL" = read_guides_anndata(NULL),
    "NA" = read_guides_anndata(NA_character_),
    "missing" = read_guides_anndata("none.h5ad"),
    "a folder" = read_guides_anndata("out"),
    "a text" = read_guides_anndata(write("x", "file.h5ad"))
  ),
  refused(
    "read_guides_anndata", "layer|modality|min_umi|min_probability",
    "another layer" = read_guides_anndata(example_file("gene_and_guide.h5mu"), layer = "none"),
    "layer NA" = read_guides_anndata(example_file("gene_and_guide.h5mu"), layer = NA),
    "another modality" = read_guides_anndata(example_file("gene_and_guide.h5mu"), modality = "none"),
    "UMIs text" = read_guides_anndata(example_file("gene_and_guide.h5mu"), min_umi = "x")
  ),
  refused(
    "assemble_screen", "`cells`",
    "cells NULL" = assemble_screen(NULL, parts$guides, parts$map, "out/a.h5ad"),
    "cells NA" = assemble_screen(NA_character_, parts$guides, parts$map, "out/a.h5ad"),
    "cells a matrix" = assemble_screen(parts$guides, parts$guides, parts$map, "out/a.h5ad")
  ),
  refused(
    "assemble_screen", "`path`",
    "path NULL" = assemble_screen("c.h5ad", parts$guides, parts$map, NULL),
    "path empty" = assemble_screen("c.h5ad", parts$guides, parts$map, "")
  ),
  refused(
    "assemble_screen", "guides",
    "guides NULL" = assemble_screen("c.h5ad", NULL, parts$map, "out/a.h5ad"),
    "guides without cells" = assemble_screen(
      "c.h5ad", unname(as.matrix(parts$guides)), parts$map, "out/a.h5ad"
    )
  ),
  refused(
    "assemble_screen", "guide_map",
    "map NULL" = assemble_screen("c.h5ad", parts$guides, NULL, "out/a.h5ad"),
    "map a list" = assemble_screen("c.h5ad", parts$guides, list(), "out/a.h5ad")
  ),
  refused(
    "assemble_screen", "c.h5ad|pbmc",
    "cells that are not there" = assemble_screen("c.h5ad", parts$guides, parts$map, "out/a.h5ad"),
    "cells of another key" = assemble_screen(
      example_file("cellrank_pbmc68k.h5ad"), parts$guides, parts$map, "out/a.h5ad", fate_probs = "none"
    )
  ),
  refused(
    "assemble_screen", "`day`|`replicate`|`fate_probs`|`fates`|`rescale`|`modality`",
    "day NULL" = assemble_screen("c.h5ad", parts$guides, parts$map, "out/a.h5ad", day = NULL),
    "replicate NA" = assemble_screen("c.h5ad", parts$guides, parts$map, "out/a.h5ad", replicate = NA),
    "probabilities NULL" = assemble_screen(
      "c.h5ad", parts$guides, parts$map, "out/a.h5ad", fate_probs = NULL
    ),
    "fates a number" = assemble_screen("c.h5ad", parts$guides, parts$map, "out/a.h5ad", fates = 1),
    "rescale text" = assemble_screen("c.h5ad", parts$guides, parts$map, "out/a.h5ad", rescale = "a"),
    "modality 1" = assemble_screen("c.h5ad", parts$guides, parts$map, "out/a.h5ad", modality = 1)
  )
)
