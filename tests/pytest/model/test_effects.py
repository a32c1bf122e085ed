import numpy as np
import torch

from fatebias.model.effects import beta_from_effects, centre_within_gene, delta_from_raw, theta_from_raw

GENE, COUNTS = torch.tensor([0, 1, 1, 1, 2, 2]), torch.tensor([1, 3, 2])


def raw(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape)), dtype=torch.float64)


def test_theta_is_the_random_walk_of_the_design():
    z0, eps, tau, sigma = raw(5, 3, 2), raw(5, 3, 2, 3), raw(5, 2).exp(), raw(5, 2, 3).exp()
    theta = theta_from_raw(z0, eps, tau, sigma).numpy()
    for s, l, f in np.ndindex(5, 3, 2):
        value = tau[s, f] * z0[s, l, f]
        for d in range(4):
            if d:
                value = value + sigma[s, f, d - 1] * eps[s, l, f, d - 1]
            assert np.isclose(theta[s, l, f, d], value)


def test_delta_has_mean_zero_within_each_gene_and_is_exactly_zero_for_one_guide():
    delta = delta_from_raw(raw(7, 6, 2), raw(7, 2).exp(), GENE, COUNTS)
    for gene in range(3):
        assert delta[:, gene == GENE].mean(1).abs().max() < 1e-12
    assert (delta[:, 0] == 0).all()


def test_delta_in_single_precision_stays_centred():
    delta = delta_from_raw(raw(7, 6, 2).float(), raw(7, 2).exp().float(), GENE, COUNTS)
    assert delta[:, GENE == 1].mean(1).abs().max() < 1e-5 and (delta[:, 0] == 0).all()


def test_centring_does_not_change_its_input_and_is_idempotent():
    u = raw(6, 2)
    before = u.clone()
    centred = centre_within_gene(u, GENE, COUNTS)
    assert torch.equal(u, before)
    assert torch.allclose(centre_within_gene(centred, GENE, COUNTS), centred)


def test_beta_adds_delta_on_every_day():
    theta, delta = raw(5, 3, 2, 4), raw(5, 6, 2)
    beta = beta_from_effects(theta, delta, GENE)
    assert beta.shape == (5, 6, 2, 4)
    assert torch.allclose(beta[2, 4, 1], theta[2, 2, 1] + delta[2, 4, 1])


def test_leading_axes_do_not_mix():
    u, sigma = raw(4, 6, 2), raw(4, 2).exp()
    whole = delta_from_raw(u, sigma, GENE, COUNTS)
    for s in range(4):
        assert torch.equal(whole[s], delta_from_raw(u[s], sigma[s], GENE, COUNTS))
