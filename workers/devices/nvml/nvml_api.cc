// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/nvml/nvml_api.h"

#include <dlfcn.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr char kLibrary[] = "libnvidia-ml.so.1";
constexpr int kTemperatureOfGpu = 0;

const char* MeaningOf(int code) {
  switch (code) {
    case 1:
      return "uninitialised";
    case 2:
      return "invalid argument";
    case kNvmlNotSupported:
      return "not supported";
    case kNvmlNoPermission:
      return "no permission";
    case kNvmlNotFound:
      return "not found";
    case 9:
      return "the driver is not loaded";
    case kNvmlFunctionNotFound:
      return "the driver's library lacks the function";
    case 15:
      return "the GPU is lost";
    case 16:
      return "the GPU needs a reset";
    case 18:
      return "driver and library are of different versions";
    default:
      return "see nvml.h";
  }
}

using Library = std::unique_ptr<void, int (*)(void*)>;

// A function of the library by name; one it lacks answers so when it is called.
template <typename... Arguments>
class Function {
 public:
  Function(const Library& library, const char* name, const char* older_name = nullptr)
      : call_(Find(library, name)) {
    if (call_ == nullptr && older_name != nullptr) call_ = Find(library, older_name);
  }
  int operator()(Arguments... arguments) const {
    return call_ == nullptr ? kNvmlFunctionNotFound : call_(arguments...);
  }

 private:
  using Call = int (*)(Arguments...);
  static Call Find(const Library& library, const char* name) {
    return reinterpret_cast<Call>(::dlsym(library.get(), name));
  }
  Call call_;
};

class NvmlLibrary : public NvmlApi {
 public:
  explicit NvmlLibrary(Library library) : library_(std::move(library)) {}
  ~NvmlLibrary() override {
    if (initialised_) shutdown_();
  }
  int Init() {
    const int code = init_();
    initialised_ = code == kNvmlSuccess;
    return code;
  }

  int SystemGetDriverVersion(char* text, unsigned bytes) override { return driver_(text, bytes); }
  int DeviceGetCount(unsigned* count) override { return count_(count); }
  int DeviceGetHandleByIndex(unsigned index, NvmlHandle* gpu) override {
    return by_index_(index, gpu);
  }
  int DeviceGetHandleByUuid(const char* uuid, NvmlHandle* gpu) override {
    return by_uuid_(uuid, gpu);
  }
  int DeviceGetName(NvmlHandle gpu, char* text, unsigned bytes) override {
    return name_(gpu, text, bytes);
  }
  int DeviceGetUuid(NvmlHandle gpu, char* text, unsigned bytes) override {
    return uuid_(gpu, text, bytes);
  }
  int DeviceGetMemoryInfo(NvmlHandle gpu, NvmlMemory* memory) override {
    return memory_(gpu, memory);
  }
  int DeviceGetPciInfo(NvmlHandle gpu, NvmlPci* pci) override { return pci_(gpu, pci); }
  int DeviceGetMigMode(NvmlHandle gpu, unsigned* now, unsigned* next) override {
    return mig_mode_(gpu, now, next);
  }
  int DeviceGetMaxMigDeviceCount(NvmlHandle gpu, unsigned* count) override {
    return mig_count_(gpu, count);
  }
  int DeviceGetMigDeviceHandleByIndex(NvmlHandle gpu, unsigned index,
                                      NvmlHandle* instance) override {
    return mig_by_index_(gpu, index, instance);
  }
  int DeviceGetDeviceHandleFromMigDeviceHandle(NvmlHandle instance, NvmlHandle* gpu) override {
    return of_mig_(instance, gpu);
  }
  int DeviceGetTotalEnergyConsumption(NvmlHandle gpu, unsigned long long* millijoules) override {
    return energy_(gpu, millijoules);
  }
  int DeviceGetPowerUsage(NvmlHandle gpu, unsigned* milliwatts) override {
    return power_(gpu, milliwatts);
  }
  int DeviceGetClockInfo(NvmlHandle gpu, int type, unsigned* mhz) override {
    return clock_(gpu, type, mhz);
  }
  int DeviceGetTemperature(NvmlHandle gpu, unsigned* celsius) override {
    return temperature_(gpu, kTemperatureOfGpu, celsius);
  }
  int DeviceGetPerformanceState(NvmlHandle gpu, int* state) override {
    return performance_state_(gpu, state);
  }
  int DeviceGetCurrentClocksEventReasons(NvmlHandle gpu, unsigned long long* reasons) override {
    return reasons_(gpu, reasons);
  }

 private:
  const Library library_;
  bool initialised_ = false;
  const Function<> init_{library_, "nvmlInit_v2"}, shutdown_{library_, "nvmlShutdown"};
  const Function<char*, unsigned> driver_{library_, "nvmlSystemGetDriverVersion"};
  const Function<unsigned*> count_{library_, "nvmlDeviceGetCount_v2"};
  const Function<unsigned, NvmlHandle*> by_index_{library_, "nvmlDeviceGetHandleByIndex_v2"};
  const Function<const char*, NvmlHandle*> by_uuid_{library_, "nvmlDeviceGetHandleByUUID"};
  const Function<NvmlHandle, char*, unsigned> name_{library_, "nvmlDeviceGetName"};
  const Function<NvmlHandle, char*, unsigned> uuid_{library_, "nvmlDeviceGetUUID"};
  const Function<NvmlHandle, NvmlMemory*> memory_{library_, "nvmlDeviceGetMemoryInfo"};
  const Function<NvmlHandle, NvmlPci*> pci_{library_, "nvmlDeviceGetPciInfo_v3"};
  const Function<NvmlHandle, unsigned*, unsigned*> mig_mode_{library_, "nvmlDeviceGetMigMode"};
  const Function<NvmlHandle, unsigned*> mig_count_{library_, "nvmlDeviceGetMaxMigDeviceCount"};
  const Function<NvmlHandle, unsigned, NvmlHandle*> mig_by_index_{
      library_, "nvmlDeviceGetMigDeviceHandleByIndex"};
  const Function<NvmlHandle, NvmlHandle*> of_mig_{library_,
                                                  "nvmlDeviceGetDeviceHandleFromMigDeviceHandle"};
  const Function<NvmlHandle, unsigned long long*> energy_{library_,
                                                          "nvmlDeviceGetTotalEnergyConsumption"};
  const Function<NvmlHandle, unsigned*> power_{library_, "nvmlDeviceGetPowerUsage"};
  const Function<NvmlHandle, int, unsigned*> clock_{library_, "nvmlDeviceGetClockInfo"};
  const Function<NvmlHandle, int, unsigned*> temperature_{library_, "nvmlDeviceGetTemperature"};
  const Function<NvmlHandle, int*> performance_state_{library_, "nvmlDeviceGetPerformanceState"};
  const Function<NvmlHandle, unsigned long long*> reasons_{
      library_, "nvmlDeviceGetCurrentClocksEventReasons",
      "nvmlDeviceGetCurrentClocksThrottleReasons"};
};

}  // namespace

absl::StatusOr<std::unique_ptr<NvmlApi>> LoadNvml() {
  Library library(::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL), ::dlclose);
  if (library == nullptr) {
    return absl::UnavailableError(absl::StrCat(kLibrary, " is not installed"));
  }
  auto nvml = std::make_unique<NvmlLibrary>(std::move(library));
  if (const absl::Status begun = CheckNvml(nvml->Init(), "nvmlInit"); !begun.ok()) {
    return absl::UnavailableError(begun.message());
  }
  return nvml;
}

absl::Status CheckNvml(int code, absl::string_view call) {
  if (code == kNvmlSuccess) return absl::OkStatus();
  auto kind = absl::StatusCode::kUnavailable;
  if (code == kNvmlNotSupported || code == kNvmlFunctionNotFound) {
    kind = absl::StatusCode::kUnimplemented;
  }
  if (code == kNvmlNoPermission) kind = absl::StatusCode::kPermissionDenied;
  if (code == kNvmlNotFound) kind = absl::StatusCode::kNotFound;
  return absl::Status(kind, absl::StrCat(call, " returned ", code, " (", MeaningOf(code), ")"));
}

}  // namespace basisbench
