// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/offer.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/backends.h"
#include "services/base/status_macros.h"
#include "workers/daemon/gpu_slots.h"
#include "workers/daemon/inventory.h"

namespace basisbench {
namespace {

absl::StatusOr<std::vector<std::string>> BackendsOf(const OfferRequest& request) {
  std::vector<std::string> backends;
  for (const std::string& backend : request.runner_backends) {
    if (DeviceOf(backend) == request.device) backends.push_back(backend);
  }
  if (!backends.empty()) return backends;
  const std::string has = absl::StrJoin(request.runner_backends, ", ");
  return absl::FailedPreconditionError(
      absl::StrCat("--device ", request.device, ": ", request.runner,
                   " was built without it; it has ", has.empty() ? "no backend" : has));
}

bool ShareGpus(const std::vector<v1::GpuInfo>& gpus, uint32_t slots) {
  std::set<uint32_t> whole;
  for (const v1::GpuInfo& gpu : gpus) whole.insert(gpu.index());
  return slots > whole.size();
}

absl::StatusOr<Offer> OfferGpus(const OfferRequest& request, const v1::Inventory& inventory) {
  Offer offer;
  BB_ASSIGN_OR_RETURN(offer.backends, BackendsOf(request));
  const std::vector<v1::GpuInfo> all(inventory.gpus().begin(), inventory.gpus().end());
  if (all.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("--device cuda: this node has no GPU: ", request.no_gpu));
  }
  BB_ASSIGN_OR_RETURN(offer.gpus, VisibleGpus(all, request.cuda_visible_devices));
  if (offer.gpus.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("--device cuda: CUDA_VISIBLE_DEVICES '",
                                                      *request.cuda_visible_devices, "' hides all ",
                                                      all.size(), " GPUs of this node"));
  }
  const auto slots = request.slots > 0 ? request.slots : static_cast<uint32_t>(offer.gpus.size());
  if (slots < offer.gpus.size()) offer.gpus.resize(slots);
  if (ShareGpus(offer.gpus, slots)) {
    std::erase(offer.backends, kCudaNccl);
    if (offer.backends.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("--slots ", slots, " on ", offer.gpus.size(), " GPUs: only ", kCudaMpi,
                       " lets ranks share one, and ", request.runner, " was built without it"));
    }
  }
  offer.slots =
      GpuSlots(offer.gpus, slots, {inventory.cpus().begin(), inventory.cpus().end()}, request.root);
  return offer;
}

}  // namespace

absl::StatusOr<Offer> MakeOffer(const OfferRequest& request, const v1::Inventory& inventory) {
  if (request.device == kCudaDevice) return OfferGpus(request, inventory);
  Offer offer;
  BB_ASSIGN_OR_RETURN(offer.backends, BackendsOf(request));
  const uint32_t slots = request.slots > 0 ? request.slots : DefaultSlots(inventory);
  offer.slots =
      CpuSlots({inventory.cpus().begin(), inventory.cpus().end()}, slots, inventory.memory_bytes());
  offer.gpus = {inventory.gpus().begin(), inventory.gpus().end()};
  return offer;
}

}  // namespace basisbench
