# Names beside the points of a volcano, none on a point.

label_letters <- 12L # longer names are shortened in the middle
obstacle_cells <- 40L # by axis: of the points in one cell one stands for all
repel_steps <- 5000L
# a label and a point, as shares of a panel in the report (3.6 by 2 inches): letter, line, half a point;
# a ring is twice as large as a point
letter_width <- 0.021
line_height <- 0.065
point_half <- c(x = 0.012, y = 0.022)
point_sizes <- c(point = 2.5, ring = 5)

#' Names beside points
#'
#' @param points data.table: `label` ("" where a point has none), `day`, where points may be marked `marked`.
#' @param across,up names of the columns that say where a point is.
#' @noRd
label_layer <- function(points, across = "postmean", up = "evidence") {
  points$across <- points[[across]]
  points$up <- points[[up]]
  points$marked <- points$marked %||% FALSE
  labelled <- points[points$label != ""]
  labelled$label <- short_name(labelled$label, label_letters)
  if (!rlang::is_installed("ggrepel")) {
    aes <- ggplot2::aes(.data$x, .data$y, label = .data$label, fontface = .data$face)
    return(ggplot2::geom_text(aes, placed_labels(points, labelled), size = 2.6))
  }
  labelled <- rbind(labelled, obstacles(points)) # without a label a point only repels
  labelled$face <- label_face(labelled)
  ggrepel::geom_text_repel(
    ggplot2::aes(
      label = .data$label, fontface = .data$face, point.size = point_sizes[1 + .data$marked]
    ), labelled,
    size = 2.6, seed = 1, max.overlaps = Inf, max.time = Inf, max.iter = repel_steps, force = 1.5,
    force_pull = 0.1, box.padding = 0.25, min.segment.length = 0.2, segment.colour = "grey60"
  )
}

label_face <- function(labelled) ifelse(labelled$marked, "bold", "plain")

#' Points without a label, one of each cell of a grid
#' @noRd
obstacles <- function(points) {
  points <- points[points$label == ""]
  cell <- function(x) floor((x - min(x)) / max(diff(range(x)), 1e-9) * obstacle_cells)
  if (nrow(points) == 0) {
    return(points)
  }
  points[!duplicated(paste(points$day, cell(points$across), cell(points$up)))]
}

#' Labels at free places beside their points, the strongest first; those that find none are left out
#' @returns `labelled` with the columns `x`, `y` (of the label's centre) and `face`.
#' @noRd
placed_labels <- function(points, labelled) {
  range_x <- max(diff(range(points$across)), 1e-9) * 1.7 # as the axes of plot_volcano() are expanded
  range_y <- max(diff(range(points$up)), 1e-9) * 1.43
  labelled <- labelled[order(!labelled$marked, -labelled$up, -abs(labelled$across))]
  by_day <- lapply(split(labelled, droplevels(labelled$day)), function(own) {
    here <- points[points$day == own$day[[1]]]
    taken <- list(
      centre = cbind(here$across / range_x, here$up / range_y),
      half = outer(ifelse(here$marked, 2, 1), point_half)
    )
    place_of_day(own, cbind(own$across / range_x, own$up / range_y), taken)
  })
  labelled <- data.table::rbindlist(by_day)
  labelled$x <- labelled$x * range_x
  labelled$y <- labelled$y * range_y
  labelled$face <- label_face(labelled)
  labelled[!is.na(labelled$x)]
}

#' Centres of the labels of one day, one after the other, NA where no place is free
#' @param at their points. `taken`: boxes where no label may be, list `centre`, `half`, each n x 2.
#' @noRd
place_of_day <- function(own, at, taken) {
  own$x <- own$y <- NA_real_
  for (i in seq_len(nrow(own))) {
    half <- drop(label_half(own$label[[i]]))
    for (place in label_places(at[i, ], half + (1 + own$marked[[i]]) * point_half)) {
      if (!any(boxes_touch(place, half, taken$centre, taken$half))) {
        data.table::set(own, i, c("x", "y"), as.list(unname(place)))
        taken <- list(centre = rbind(taken$centre, place), half = rbind(taken$half, half))
        break
      }
    }
  }
  own
}

#' Half the width and height of labels, as shares of a panel: a matrix, one row a label
#' @noRd
label_half <- function(labels) cbind(nchar(labels) * letter_width / 2, rep(line_height / 2, length(labels)))

#' Places around a point: above, below, to the right and left, then the corners; near ones first
#' @param away how far off they are, across and up.
#' @noRd
label_places <- function(at, away) {
  side <- list(c(0, 1), c(0, -1), c(1, 0), c(-1, 0), c(1, 1), c(-1, 1), c(1, -1), c(-1, -1))
  places <- lapply(c(1.05, 2), function(far) lapply(side, function(way) at + way * far * away))
  unlist(places, recursive = FALSE)
}

#' Do a box and others overlap?
#' @param centre,half of the box, 2 numbers. `centres`, `halves`: of the others, n x 2.
#' @noRd
boxes_touch <- function(centre, half, centres, halves) {
  abs(centres[, 1] - centre[[1]]) < half[[1]] + halves[, 1] &
    abs(centres[, 2] - centre[[2]]) < half[[2]] + halves[, 2]
}
