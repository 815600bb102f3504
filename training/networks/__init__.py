# SPDX-License-Identifier: BSD-3-Clause
"""Networks by name. Each takes one argument, `training.blocks.Blocks`; a user's own class does the same."""

from training.networks.cifar import CifarCnv, CifarResnet
from training.networks.digits import DigitsCnn, DigitsDws, DigitsResnet
from training.networks.fmnist import FmnistCnn
from training.networks.mlp import Mlp

NETWORKS = {
    "digits": DigitsCnn,
    "digits-resnet": DigitsResnet,
    "digits-dws": DigitsDws,
    "fmnist-cnn": FmnistCnn,
    "cifar-cnv": CifarCnv,
    "cifar-resnet": CifarResnet,
    "mlp": Mlp,
}

__all__ = ["NETWORKS", "CifarCnv", "CifarResnet", "DigitsCnn", "DigitsDws", "DigitsResnet", "FmnistCnn", "Mlp"]
