// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lockstep {

/// Makes Fill::images draw from Fashion-MNIST (Xiao, Rasul, Vollgraf 2017, arXiv 1708.07747), where Debian's package
/// dataset-fashion-mnist has put it or in the folder that the variable LOCKSTEP_FASHION_MNIST names. The file is read when
/// the first image is asked for; a missing or corrupt one throws Error then.
void offer_fashion_mnist();

/// Why there are no images, in words; empty when the file is there.
std::string images_unavailable();

}  // namespace lockstep
