# SPDX-License-Identifier: BSD-3-Clause
"""Networks by name. Each takes one argument, `training.blocks.Blocks`; a user's own class does the same."""

from training.networks.cifar import CifarCnv
from training.networks.digits import DigitsCnn, DigitsDws, DigitsResnet
from training.networks.fmnist import FmnistCnn

NETWORKS = {
    "digits": DigitsCnn,
    "digits-resnet": DigitsResnet,
    "digits-dws": DigitsDws,
    "fmnist-cnn": FmnistCnn,
    "cifar-cnv": CifarCnv,
}

__all__ = ["NETWORKS", "CifarCnv", "DigitsCnn", "DigitsDws", "DigitsResnet", "FmnistCnn"]
