// SPDX-License-Identifier: Apache-2.0
// Copy, WHT and elementwise primitives of the CPU device: checks, choice of loop, and when to write
// around the cache. Stateless; any thread; INVALID_ARGUMENT naming the argument.
#pragma once

#include "absl/status/status.h"
#include "workers/devices/device.h"

namespace basisbench {

absl::Status RunCopy(const CopyArgs& args);
absl::Status RunWht(const WhtArgs& args);
absl::Status RunDwt(const DwtArgs& args);
absl::Status RunButterfly(const ButterflyArgs& args);
absl::Status RunAddReflected(const ReflectArgs& args);
absl::Status RunPairColumns(const PairArgs& args);
absl::Status RunProduct(const ProductArgs& args);
absl::Status RunColumnSum(const ColumnSumArgs& args);
absl::Status RunActivate(const ActivationArgs& args);
absl::Status RunActivationGradient(const ActivationGradientArgs& args);
absl::Status RunGather(const GatherArgs& args);
absl::Status RunLinearStages(const StagesArgs& args);
absl::Status RunLinearStagesGradient(const StagesGradientArgs& args);
absl::Status RunConvert(const ConvertArgs& args);
absl::Status RunSoftmaxStep(const SoftmaxStepArgs& args);
absl::Status RunSoftmaxEnd(const SoftmaxEndArgs& args);
absl::Status RunSoftmaxGradient(const SoftmaxGradientArgs& args);
absl::Status RunDecaySum(const DecaySumArgs& args);
absl::Status RunDecayProduct(const DecayProductArgs& args);
absl::Status RunDecayGradient(const DecayGradientArgs& args);
absl::Status RunFill(Dtype dtype, int64_t count, double value, void* y);
absl::Status RunMultiply(Dtype dtype, int64_t count, const void* x, const void* w, void* y);

}  // namespace basisbench
