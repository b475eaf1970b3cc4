// SPDX-License-Identifier: Apache-2.0
// Slots on GPUs. Pure but for what the kernel tells about the PCI bus.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/worker.pb.h"
#include "workers/daemon/slots.h"

namespace basisbench {

// Those of `gpus` that CUDA_VISIBLE_DEVICES leaves, in its order; all of them when it is not set.
// It lists numbers as the driver counts (those of nvidia-smi) or beginnings of UUIDs; the number of
// a divided GPU stands for its MIG instances, and -1 ends the list. INVALID_ARGUMENT naming the
// entry that is none of these, means several, or repeats one; CUDA would hide what comes behind it.
absl::StatusOr<std::vector<v1::GpuInfo>> VisibleGpus(
    const std::vector<v1::GpuInfo>& gpus, const std::optional<std::string>& cuda_visible_devices);

// CPUs on the GPU's side of the machine; empty when the kernel does not tell. `root` stands in
// front of /sys.
std::vector<uint32_t> CpusNear(const v1::GpuInfo& gpu, const std::string& root);

// One slot after the other on each GPU in turn, so that ranks share GPUs only when there are more
// slots than GPUs. A slot has the CPUs near its GPU, those of `cpus` where none is near or known,
// divided among the slots that are near the same ones; and an equal part of the GPU's memory.
std::vector<Slot> GpuSlots(const std::vector<v1::GpuInfo>& gpus, uint32_t slots,
                           const std::vector<uint32_t>& cpus, const std::string& root);

}  // namespace basisbench
