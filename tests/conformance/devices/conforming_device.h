// SPDX-License-Identifier: Apache-2.0
// The device that plans are run on. Each program of the matrix links one definition.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "workers/devices/device.h"

namespace basisbench {

absl::StatusOr<std::unique_ptr<Device>> MakeConformingDevice();

}  // namespace basisbench
