"""The likelihood of a cell's labels given its linear predictor: all that any engine needs to know of it.

`Likelihood` says what a likelihood owes, and does what follows from that with dense F x F matrices; `SoftLabels` is
the one that fits use, with closed forms instead. To add one: a subclass, and a line in `likelihood_of`.
"""

from abc import ABC, abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor
from torch.nn.functional import log_softmax

from ..base import Settings

Floats = NDArray[np.float64]
_CHUNK = 4096  # cells whose numbers under all vectors or draws stay in the cache


class Likelihood(ABC):
    """Log likelihood of labels y given a linear predictor eta, cell by cell, and its derivatives in eta.

    Shapes, the same in all methods; N cells, F logits (the fates beside the reference), S vectors or draws:
        fate_probs  [N, F + 1]  fate probabilities of a screen, the reference first
        labels      [N, F]      y, made from fate_probs by `labels`
        eta         [N, F]      linear predictor
        mean        [N, F]      mu(eta), the expectation of y
        weight      [N]         of each cell; its log likelihood, score and curvature are multiplied by it
        vectors     [N, F, S]   moved all at once; methods that end in _ change them in place and return them
    Tensors of one device; curve_ and scale_by_root_ take vectors of float32 as well. The curvature W is the expected
    one, minus the second derivative for a canonical link: it depends on eta through the mean alone, and at weight 1
    it is the covariance of y.

    curvature_is_multinomial: is W weight * (diag(mean) - mean mean')? Then it need not be held with many fates.
    adds_up: is the log likelihood linear in labels, and Pearson's statistic in `squared_labels`? Then cells with the
    same mean may stand together (`RowCells`).
    """

    curvature_is_multinomial = False
    adds_up = False

    @abstractmethod
    def labels(self, fate_probs: Tensor) -> Tensor:
        """y of a screen's fate probabilities [N, F + 1]: [N, F]."""

    @abstractmethod
    def log_likelihood(self, eta: Tensor, labels: Tensor) -> Tensor:
        """Of each cell, at weight 1, up to a constant: [N]."""

    @abstractmethod
    def mean(self, eta: Tensor) -> Tensor:
        """mu(eta): [N, F]."""

    @abstractmethod
    def link(self, mean: Tensor) -> Tensor:
        """eta of a mean: [N, F]."""

    @abstractmethod
    def curvature(self, mean: Tensor, weight: Tensor) -> Tensor:
        """W of each cell: [N, F, F]."""

    def log_density(self, eta: Tensor, fate_probs: Tensor) -> Tensor:
        """`log_likelihood` of fate probabilities as a screen has them, for stochastic steps: [N]."""
        return self.log_likelihood(eta, self.labels(fate_probs))

    def score(self, labels: Tensor, mean: Tensor) -> Tensor:
        """Derivative of the log likelihood in eta, at weight 1: [N, F]."""
        return labels - mean

    def curve_(self, vectors: Tensor, mean: Tensor, weight: Tensor) -> Tensor:
        """W times vectors, in place."""
        return vectors.copy_(self.curvature(mean, weight).to(vectors.dtype) @ vectors)

    def scale_by_root_(self, vectors: Tensor, mean: Tensor, weight: Tensor) -> Tensor:
        """W^(1/2) times vectors, in place: standard normal ones come to have covariance W."""
        root = torch.linalg.cholesky(self.curvature(mean, torch.ones_like(weight)))  # a cell may have weight 0
        return vectors.copy_((root * weight.sqrt()[:, None, None]).to(vectors.dtype) @ vectors)

    def quadratic_form(self, eta: Tensor, mean: Tensor) -> Tensor:
        """eta' W eta of each cell at weight 1: [N]."""
        return torch.einsum("na,nab,nb->n", eta, self.curvature(mean, torch.ones_like(mean[:, 0])), eta)

    def pearson(self, labels: Tensor, mean: Tensor) -> Tensor:
        """X2 of each cell, (y - mu)' W^-1 (y - mu) at weight 1: [N]."""
        miss = self.score(labels, mean)
        explained: Tensor = torch.linalg.solve(self.curvature(mean, torch.ones_like(mean[:, 0])), miss)
        return (miss * explained).sum(1)

    def pearson_moved(self, labels: Tensor, mean: Tensor, shift: Tensor) -> Tensor:
        """Mean over draws of X2 at eta moved by shift [N, F, S]: [N]."""
        eta = self.link(mean)
        return torch.stack([self.pearson(labels, self.mean(eta + one)) for one in shift.unbind(2)]).mean(0)

    def squared_labels(self, labels: Tensor) -> Tensor:
        """What X2 is linear in, of each cell: [N, F + 1]; of a likelihood that adds up."""
        raise NotImplementedError

    def pearson_together(self, squares: Tensor, count: Tensor, mean: Tensor) -> Tensor:
        """Sums of X2 over `count` cells [U] with the same mean [U, F], from sums of their squares [U, F + 1]: [U]."""
        raise NotImplementedError

    def pearson_moved_together(self, squares: Tensor, count: Tensor, mean: Tensor, shift: Tensor) -> Tensor:
        """The same as a mean over draws, as in `pearson_moved`: shift [U, F, S]."""
        raise NotImplementedError

    def standardised(self, labels: Floats, eta: Floats) -> Floats:
        """Residuals with covariance 1 under the model: L^-1 (y - mu), L L' = W at weight 1; arrays [N, F]."""
        mean = self.mean_of_array(eta)
        weight = torch.ones(len(mean), dtype=torch.float64)
        covariance = self.curvature(torch.from_numpy(mean), weight).numpy()
        return np.asarray(np.linalg.solve(np.linalg.cholesky(covariance), (labels - mean)[:, :, None])[:, :, 0])

    def mean_of_array(self, eta: Floats) -> Floats:
        """mu(eta) for an array [N, F]."""
        return np.asarray(self.mean(torch.from_numpy(eta)).numpy())


class SoftLabels(Likelihood):
    """Cross-entropy of fate probabilities: sum over all fates of p log pi, pi = softmax([0, eta]).

    Labels and means are the probabilities of the fates beside the reference. One-hot labels make it the multinomial
    likelihood; W is weight * (diag(pi) - pi pi').
    """

    curvature_is_multinomial = True
    adds_up = True

    def labels(self, fate_probs: Tensor) -> Tensor:
        return fate_probs[:, 1:]

    def log_likelihood(self, eta: Tensor, labels: Tensor) -> Tensor:
        return (labels * eta).sum(1) - torch.logsumexp(_with_reference(eta), 1)

    def log_density(self, eta: Tensor, fate_probs: Tensor) -> Tensor:
        """The same from all fates at once: fates that sum to 1 only nearly count as they are."""
        return (fate_probs * log_softmax(_with_reference(eta), dim=1)).sum(1)

    def mean(self, eta: Tensor) -> Tensor:
        return torch.softmax(_with_reference(eta), 1)[:, 1:]

    def link(self, mean: Tensor) -> Tensor:
        return torch.log(mean) - torch.log(1 - mean.sum(1, keepdim=True))

    def curvature(self, mean: Tensor, weight: Tensor) -> Tensor:
        return weight[:, None, None] * (torch.diag_embed(mean) - mean.unsqueeze(2) * mean.unsqueeze(1))

    def curve_(self, vectors: Tensor, mean: Tensor, weight: Tensor) -> Tensor:
        parts = [values.unsqueeze(2).split(_CHUNK) for values in (mean, weight.unsqueeze(1) * mean)]
        for part, p, wp in zip(vectors.split(_CHUNK), *parts):
            average = p[:, 0] * part[:, 0]
            for logit in range(1, mean.shape[1]):
                average.addcmul_(p[:, logit], part[:, logit])
            part.sub_(average.unsqueeze(1)).mul_(wp)
        return vectors

    def scale_by_root_(self, vectors: Tensor, mean: Tensor, weight: Tensor) -> Tensor:
        """The Cholesky factor of a multinomial covariance in closed form.

        Tanabe & Sagae 1992, J. R. Stat. Soc. B 54:211. With q_f = 1 - pi_1 - .. - pi_f the factor has
        sqrt(pi_f q_f / q_{f-1}) on the diagonal and -pi_f sqrt(pi_h / (q_h q_{h-1})) at (f, h), h < f.
        """
        after = (1 - mean.cumsum(1)).clamp(min=torch.finfo(torch.float32).tiny)
        before = torch.cat([torch.ones_like(after[:, :1]), after[:, :-1]], 1)
        root = weight.sqrt().unsqueeze(1)
        diagonal = root * (mean * after / before).sqrt()
        carry = root * (mean / (after * before)).sqrt()
        parts = [values.to(vectors.dtype).unsqueeze(2).split(_CHUNK) for values in (diagonal, carry, mean)]
        for part, own, on, p in zip(vectors.split(_CHUNK), *parts):
            carried = (on * part).cumsum(1)
            part.mul_(own)
            part[:, 1:].sub_(p[:, 1:] * carried[:, :-1])
        return vectors

    def quadratic_form(self, eta: Tensor, mean: Tensor) -> Tensor:
        return (mean * eta**2).sum(1) - (mean * eta).sum(1) ** 2

    def squared_labels(self, labels: Tensor) -> Tensor:
        """p^2 of all fates, the reference last."""
        return torch.cat([labels**2, (1 - labels.sum(1, keepdim=True)) ** 2], 1)

    def pearson(self, labels: Tensor, mean: Tensor) -> Tensor:
        return self.pearson_together(self.squared_labels(labels), torch.ones_like(mean[:, 0]), mean)

    def pearson_together(self, squares: Tensor, count: Tensor, mean: Tensor) -> Tensor:
        return _over_means(squares, mean, 1 - mean.sum(1)) - count

    def pearson_moved(self, labels: Tensor, mean: Tensor, shift: Tensor) -> Tensor:
        return self.pearson_moved_together(self.squared_labels(labels), torch.ones_like(mean[:, 0]), mean, shift)

    def pearson_moved_together(self, squares: Tensor, count: Tensor, mean: Tensor, shift: Tensor) -> Tensor:
        found = torch.empty_like(mean[:, 0])
        for out, own, n, p, u in zip(*(values.split(_CHUNK) for values in (found, squares, count, mean, shift))):
            moved = p.unsqueeze(2) * u.double().exp()
            reference = (1 - p.sum(1)).unsqueeze(1)
            total = reference + moved.sum(1)
            over = _over_means(own.unsqueeze(2), moved / total.unsqueeze(1), reference / total)
            out.copy_((over - n.unsqueeze(1)).mean(1))
        return found

    def mean_of_array(self, eta: Floats) -> Floats:
        return np.asarray(np.exp(eta) / (1 + np.exp(eta).sum(1, keepdims=True)))

    def all_fates(self, eta: Floats) -> Floats:
        """Probabilities of all fates, the reference first, for an array: [N, F + 1]."""
        return np.asarray(softmax(np.c_[np.zeros(len(eta)), eta], axis=1))


SOFT_LABELS = SoftLabels()


def likelihood_of(settings: Settings) -> Likelihood:
    """The likelihood that settings ask for: soft labels, the one there is."""
    return SOFT_LABELS


def _with_reference(eta: Tensor) -> Tensor:
    """[0, eta]: [N, F + 1]."""
    return torch.cat([torch.zeros_like(eta[:, :1]), eta], 1)


def _over_means(squares: Tensor, mean: Tensor, reference: Tensor) -> Tensor:
    """sum over all fates of p^2 / pi: squares [N, F + 1, ..], mean [N, F, ..], reference [N, ..] -> [N, ..]."""
    return (squares[:, :-1] / mean).sum(1) + squares[:, -1] / reference
