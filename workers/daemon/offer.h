// SPDX-License-Identifier: Apache-2.0
// What a daemon offers the coordinator: slots of one device, and the backends its runner has for
// them. Pure but for what the kernel tells about the PCI bus.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/worker.pb.h"
#include "workers/daemon/slots.h"

namespace basisbench {

struct OfferRequest {
  std::string device;                               // "cpu" or "cuda"
  uint32_t slots = 0;                               // 0: one per CPU or GPU
  std::vector<std::string> runner_backends;         // what the runner was built with
  std::string runner;                               // its path, for messages
  std::optional<std::string> cuda_visible_devices;  // of the daemon's environment
  std::string no_gpu;                               // why the inventory has no GPU, if it has none
  std::string root;                                 // in front of /sys
};

struct Offer {
  std::vector<Slot> slots;
  std::vector<std::string> backends;  // at least one, of the device asked for
  std::vector<v1::GpuInfo> gpus;      // those the slots are on; for a CPU worker those of the node
};

// FAILED_PRECONDITION when there is no GPU to use, or the runner was built without the device;
// INVALID_ARGUMENT for a CUDA_VISIBLE_DEVICES that names what is not there.
//
// NCCL wants a GPU for each rank: where slots share one, MIG instances of one GPU included,
// cuda_nccl is not offered.
absl::StatusOr<Offer> MakeOffer(const OfferRequest& request, const v1::Inventory& inventory);

}  // namespace basisbench
