"""Losses against values worked out by hand."""

import math

import pytest
import torch

from napari_itis.training.loss import (
    bootstrapped_cross_entropy,
    dice_loss,
    pixel_cross_entropy,
    total_loss,
)


def test_cross_entropy_of_even_odds_is_log_two():
    losses = pixel_cross_entropy(torch.zeros(1, 2, 2, 2), torch.ones(1, 2, 2, dtype=torch.bool))
    assert torch.allclose(losses, torch.full((1, 2, 2), math.log(2)))


def test_bootstrapped_counts_the_worst_quarter_of_each_image():
    losses = torch.tensor([[[1.0, 2.0], [3.0, 8.0]], [[4.0, 0.0], [0.0, 0.0]]])
    valid = torch.ones(2, 2, 2, dtype=torch.bool)
    assert bootstrapped_cross_entropy(losses, valid, 0.25) == pytest.approx((8 + 4) / 2)


def test_bootstrapped_leaves_void_out():
    losses = torch.tensor([[[100.0, 2.0], [3.0, 7.0]]])
    valid = torch.tensor([[[False, True], [True, True]]])
    # Three valid pixels: a quarter is one, and the worst of them is 7.
    assert bootstrapped_cross_entropy(losses, valid, 0.25) == pytest.approx(7)


def test_dice_is_zero_for_the_truth_and_near_one_for_its_opposite():
    truth = torch.zeros(1, 20, 20, dtype=torch.bool)
    truth[:, :10] = True
    valid = torch.ones_like(truth)
    logits = torch.stack([-50.0 * truth.float(), 50.0 * truth.float() - 50.0 * ~truth], 1)
    assert dice_loss(logits, truth, valid) == pytest.approx(0, abs=1e-4)
    assert dice_loss(-logits, truth, valid) > 0.99


def test_void_pixels_have_no_gradient():
    logits = torch.randn(1, 2, 8, 8, requires_grad=True)
    truth = torch.rand(1, 8, 8) > 0.5
    valid = torch.ones_like(truth)
    valid[:, :4] = False
    total_loss(
        logits, truth, valid, cross_entropy=1, bootstrapped=0.3, dice=1, share=0.25
    ).backward()
    assert (logits.grad[:, :, :4] == 0).all()
    assert (logits.grad[:, :, 4:] != 0).any()
