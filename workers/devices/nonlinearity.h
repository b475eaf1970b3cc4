// SPDX-License-Identifier: Apache-2.0
// The activations there are, each x or 1 times a sigmoid s(t) = 1 / (1 + e^-t).
#pragma once

namespace basisbench {

enum class Nonlinearity {
  kNone,     // x
  kSigmoid,  // s(x)
  kSilu,     // x s(x)
  kGelu,     // x s(2 sqrt(2 / pi) (x + 0.044715 x^3)): the form with a tangent, of the two in use
};

}  // namespace basisbench
