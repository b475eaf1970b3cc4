// SPDX-License-Identifier: Apache-2.0
// Starts the tests with threads as ranks, or, under mpirun, with its processes.
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/conformance/devices/conforming_device.h"
#include "tests/conformance/ranks.h"
#include "workers/collectives/mpi.h"

namespace basisbench {
namespace {

// All ranks run the same tests; one of them prints, the others only what fails.
void PrintOnlyFailuresBeyondRankZero(int rank) {
  class Failures : public testing::EmptyTestEventListener {
    void OnTestPartResult(const testing::TestPartResult& result) override {
      if (result.failed())
        std::fprintf(stderr, "%s:%d: %s\n", result.file_name(), result.line_number(),
                     result.summary());
    }
  };
  if (rank == 0) return;
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new Failures);
}

int RunAll(int argc, char** argv) {
  if (const auto device = MakeConformingDevice(); !device.ok()) {
    std::fprintf(stderr, "%s\n", device.status().ToString().c_str());
    return 1;
  }
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) {
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
  }
  auto session = MpiSession::Start(&argc, &argv);
  if (!session.ok()) {
    std::fprintf(stderr, "%s\n", session.status().ToString().c_str());
    return 1;
  }
  auto world = MakeMpiCommunicator(absl::Seconds(60));
  if (!world.ok()) {
    std::fprintf(stderr, "%s\n", world.status().ToString().c_str());
    return 1;
  }
  UseWorld(world->get());  // before the parameters of the tests are made
  testing::InitGoogleTest(&argc, argv);
  PrintOnlyFailuresBeyondRankZero((*session)->rank());
  return RUN_ALL_TESTS();
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) { return basisbench::RunAll(argc, argv); }
