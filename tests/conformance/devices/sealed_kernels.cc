// SPDX-License-Identifier: Apache-2.0
// As deferred_kernels.cc, in memory that the processor may not touch but in calls of the device: a
// plan that reads or writes it otherwise ends the program, as it would on a GPU.
#include <utility>

#include "services/base/status_macros.h"
#include "tests/conformance/devices/conforming_device.h"
#include "tests/conformance/devices/moved_plan.h"
#include "tests/fakes/deferred_device.h"
#include "tests/fakes/host_kernel_device.h"
#include "tests/fakes/sealed_memory.h"

namespace basisbench {
namespace {

// What is called between two Synchronize() runs with the memory open; the device around this one
// calls all of it in one go.
class SealedDevice : public HostKernelDevice {
 public:
  using HostKernelDevice::HostKernelDevice;

  absl::StatusOr<Buffer> Allocate(int64_t bytes) override { return memory_.Allocate(bytes); }
  absl::Status Upload(const void* from, int64_t bytes, void* to) override {
    return Opened([&] { return HostKernelDevice::Upload(from, bytes, to); });
  }
  absl::Status Download(const void* from, int64_t bytes, void* to) override {
    return Opened([&] { return HostKernelDevice::Download(from, bytes, to); });
  }
  absl::Status Gemm(const GemmArgs& args) override {
    memory_.Open();
    return HostKernelDevice::Gemm(args);
  }
  absl::StatusOr<std::unique_ptr<FftPlan>> MakeFft(const FftDescription& description, void* in,
                                                   void* out) override {
    std::unique_ptr<FftPlan> plan;
    BB_RETURN_IF_ERROR(Opened([&]() -> absl::Status {
      BB_ASSIGN_OR_RETURN(plan, HostKernelDevice::MakeFft(description, in, out));
      return absl::OkStatus();
    }));
    return std::make_unique<SealedFft>(memory_, std::move(plan));
  }
  absl::Status Synchronize() override {
    memory_.Close();
    return absl::OkStatus();
  }

 protected:
  absl::StatusOr<kernels::Queue> Ready() override {
    memory_.Open();
    return HostKernelDevice::Ready();
  }

 private:
  class SealedFft : public FftPlan {
   public:
    SealedFft(SealedMemory& memory, std::unique_ptr<FftPlan> plan)
        : memory_(memory), plan_(std::move(plan)) {}
    absl::Status Execute() override {
      memory_.Open();
      return plan_->Execute();
    }

   private:
    SealedMemory& memory_;
    const std::unique_ptr<FftPlan> plan_;
  };

  template <typename Body>
  absl::Status Opened(const Body& body) {
    memory_.Open();
    const absl::Status status = body();
    memory_.Close();
    return status;
  }

  SealedMemory memory_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Device>> MakeConformingDevice() {
  BB_ASSIGN_OR_RETURN(std::unique_ptr<Device> libraries, MakeCpuDevice({.time_ffts = false}));
  return std::make_unique<DeferredDevice>(std::make_unique<SealedDevice>(std::move(libraries)));
}

// Transports read memory by themselves: one rank only, which moves nothing.
absl::StatusOr<std::shared_ptr<Communicator>> MakeConformingCommunicator(Device&,
                                                                         Communicator& control) {
  if (control.size() == 1) return nullptr;
  return absl::UnimplementedError("several ranks cannot move what no transport may touch");
}

std::unique_ptr<Plan> InHostMemory(std::unique_ptr<Plan> plan, Device& device) {
  return std::make_unique<MovedPlan>(std::move(plan), device);
}

}  // namespace basisbench
