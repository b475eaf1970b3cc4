// SPDX-License-Identifier: Apache-2.0
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cpu/fft.h"
#include "workers/devices/cpu/stock_fft.h"

namespace basisbench {

absl::StatusOr<std::unique_ptr<FftPlan>> MakeHostFft(const FftDescription& description,
                                                     const FftPlanning&, void* in, void* out) {
  BB_RETURN_IF_ERROR(CheckFft(description));
  return MakeStockFftPlan(description, in, out);
}

std::pair<std::string, std::string> HostFftLibrary() { return {"FFT", "built-in"}; }

}  // namespace basisbench
