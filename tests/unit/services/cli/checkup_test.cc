// SPDX-License-Identifier: Apache-2.0
#include "services/cli/checkup.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "basisbench/v1/operator.pb.h"
#include "gtest/gtest.h"

namespace basisbench {
namespace {

class CheckupTest : public ::testing::Test {
 protected:
  CheckupTest() {
    std::string pattern = ::testing::TempDir() + "/checkup-XXXXXX";
    paths_.root = mkdtemp(pattern.data());
    paths_.programs = paths_.root + "/bin";
    paths_.search = {paths_.root + "/bin"};
  }
  ~CheckupTest() override { std::filesystem::remove_all(paths_.root); }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path full = paths_.root + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
    std::filesystem::permissions(full, std::filesystem::perms::owner_all);
  }
  static Check Named(const std::vector<Check>& checks, const std::string& name) {
    const auto found = std::find_if(checks.begin(), checks.end(),
                                    [&](const Check& check) { return check.name == name; });
    EXPECT_NE(found, checks.end()) << name;
    return found == checks.end() ? Check() : *found;
  }
  Health Machine(const std::string& name) { return Named(CheckMachine(paths_), name).health; }
  Health Software(const std::string& name) { return Named(CheckSoftware(paths_), name).health; }

  CheckupPaths paths_;
};

TEST_F(CheckupTest, SaysUnknownWhereTheKernelDoesNotTell) {
  for (const char* name : {"CPU governor", "load", "clock", "energy counter"}) {
    EXPECT_EQ(Machine(name), Health::kUnknown) << name;
  }
}

TEST_F(CheckupTest, JudgesWhatTheKernelTells) {
  const struct {
    const char *name, *path, *text;
    Health health;
  } cases[] = {
      {"CPU governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n",
       Health::kOk},
      {"CPU governor", "/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n",
       Health::kWarning},
      {"load", "/proc/loadavg", "0.00 0 0", Health::kOk},
      {"load", "/proc/loadavg", "9999 0 0", Health::kWarning},
      {"clock", "/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n",
       Health::kOk},
      {"clock", "/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n",
       Health::kWarning},
      {"ptrace", "/proc/sys/kernel/yama/ptrace_scope", "1\n", Health::kWarning},
      {"energy counter", "/sys/class/powercap/intel-rapl:0/energy_uj", "5\n", Health::kOk}};
  for (const auto& c : cases) {
    Write(c.path, c.text);
    EXPECT_EQ(Machine(c.name), c.health) << c.name << " " << c.text;
  }
}

TEST_F(CheckupTest, FailsWithoutSharedMemoryOrASecondAddress) {
  EXPECT_EQ(Machine("shared memory"), Health::kFail);
  EXPECT_EQ(Machine("second loopback"), Health::kOk);
  paths_.second_loopback = "192.0.2.1";  // reserved for documentation: nobody's
  EXPECT_EQ(Machine("second loopback"), Health::kFail);
}

TEST_F(CheckupTest, WantsOpenMpiFourAndOurPrograms) {
  EXPECT_EQ(Software("mpirun"), Health::kFail);
  EXPECT_EQ(Software("orted"), Health::kFail);
  EXPECT_EQ(Software("programs"), Health::kFail);
  const struct {
    const char* version;
    Health health;
  } cases[] = {{"mpirun (Open MPI) 4.1.4", Health::kOk},
               {"mpirun (Open MPI) 5.0.1", Health::kWarning},
               {"HYDRA build details", Health::kFail},
               {"", Health::kFail}};
  for (const auto& c : cases) {
    Write("/bin/mpirun", std::string("#!/bin/sh\necho '") + c.version + "'\n");
    EXPECT_EQ(Software("mpirun"), c.health) << c.version;
  }
  paths_.blas = "libno-such-blas.so.0";
  EXPECT_EQ(Software("OpenBLAS"), Health::kFail);
}

TEST_F(CheckupTest, OneFailureIsEnough) {
  EXPECT_FALSE(AnyFailed({{"a", Health::kWarning, "", ""}, {"b", Health::kUnknown, "", ""}}));
  EXPECT_TRUE(AnyFailed({{"a", Health::kOk, "", ""}, {"b", Health::kFail, "", ""}}));
}

TEST_F(CheckupTest, TellsOfGpusDriverAndBuild) {
  const auto gpu = [this](const std::string& name) { return Named(CheckGpus(paths_), name); };
  paths_.nvml = "libno-such-nvml.so.1";
  EXPECT_EQ(gpu("GPU driver").health, Health::kUnknown);
  EXPECT_EQ(gpu("GPUs").health, Health::kUnknown);
  EXPECT_EQ(gpu("CUDA build").health, Health::kUnknown);

  Write("/proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.14  Release Build\n");
  EXPECT_EQ(gpu("GPU driver").health, Health::kWarning) << "no library";
  EXPECT_EQ(gpu("GPU driver").found, "550.54.14, but no libno-such-nvml.so.1");
  paths_.nvml = "libc.so.6";
  EXPECT_EQ(gpu("GPU driver").found, "550.54.14, libc.so.6");

  Write("/bin/basisbench-worker",
        "#!/bin/sh\necho 'basisbench-worker: no GPU: none there' >&2\nexit 1\n");
  EXPECT_EQ(gpu("GPUs").health, Health::kUnknown);
  EXPECT_EQ(gpu("GPUs").found, "basisbench-worker: no GPU: none there");
  v1::OperatorCatalogue catalogue;
  catalogue.add_backends("cpu_mpi");
  Write("/bin/description", catalogue.SerializeAsString());
  Write("/bin/basisbench-runner", "#!/bin/sh\ncat \"$(dirname \"$0\")/description\"\n");
  EXPECT_EQ(gpu("CUDA build").health, Health::kUnknown) << "nobody misses it";

  Write("/bin/basisbench-worker", R"(#!/bin/sh
[ "$1" = --list-gpus ] && echo '{"gpus":[{"name":"A","memory_bytes":"1073741824"},{"name":"A","memory_bytes":"1073741824"}]}'
)");
  EXPECT_EQ(gpu("GPUs").health, Health::kOk);
  EXPECT_EQ(gpu("GPUs").found, "2 x A, 1.00 GiB");
  EXPECT_EQ(gpu("CUDA build").health, Health::kWarning);
  EXPECT_EQ(gpu("CUDA build").found, "the runner has cpu_mpi only");
  catalogue.add_backends("cuda_nccl");
  Write("/bin/description", catalogue.SerializeAsString());
  EXPECT_EQ(gpu("CUDA build").health, Health::kOk);
  Write("/bin/basisbench-runner", "#!/bin/sh\nexit 3\n");
  EXPECT_EQ(gpu("CUDA build").health, Health::kFail);
}

}  // namespace
}  // namespace basisbench
