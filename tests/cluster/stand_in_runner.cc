// SPDX-License-Identifier: Apache-2.0
// A runner that computes nothing: it has GPU backends without having a GPU, agrees to every case,
// and, as a rank, writes down what its daemon assigned to it and hands in a record for each case.
// Notes go to $BASISBENCH_RUNNER_NOTES/rank-N.json. Ranks find their place as Open MPI tells it.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "basisbench/v1/runner.pb.h"
#include "google/protobuf/util/json_util.h"
#include "services/base/backends.h"
#include "services/base/status_macros.h"
#include "workers/daemon/framing.h"
#include "workers/daemon/unique_fd.h"

namespace basisbench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

uint32_t Number(const char* name) {
  uint32_t number = 0;
  return absl::SimpleAtoi(Variable(name), &number) ? number : 0;
}

void Describe() {
  v1::OperatorCatalogue catalogue;
  for (const std::string& backend : KnownBackends()) catalogue.add_backends(backend);
  catalogue.set_build("stand-in");
  v1::OperatorInfo& matmul = *catalogue.add_operators();
  matmul.set_name("matmul");
  matmul.set_axis("channel");
  matmul.add_shardings("token");
  matmul.add_dtypes("f32");
  matmul.add_directions("forward");
  std::cout << catalogue.SerializeAsString() << std::flush;
}

absl::Status ServeChecks() {
  while (true) {
    BB_ASSIGN_OR_RETURN(const std::string payload, ReadFrame(STDIN_FILENO, absl::InfiniteFuture()));
    v1::CheckRequest request;
    request.ParseFromString(payload);
    v1::CheckReply reply;
    for (const v1::Case& item : request.cases()) {
      v1::CheckedCase& checked = *reply.add_cases();
      checked.set_index(item.index());
      checked.mutable_cost()->set_bytes_per_rank(1000);
      *checked.mutable_resolved() = item;
    }
    BB_RETURN_IF_ERROR(
        WriteAll(STDOUT_FILENO, Frame(reply.SerializeAsString()), absl::Now() + kPatience));
  }
}

absl::StatusOr<UniqueFd> Connect(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  return absl::UnavailableError(absl::StrCat("cannot connect to ", path));
}

absl::Status Say(const UniqueFd& fd, const v1::RankMessage& message) {
  return WriteAll(fd.get(), Frame(message.SerializeAsString()), absl::Now() + kPatience);
}

absl::StatusOr<v1::RankReply> Hear(const UniqueFd& fd) {
  BB_ASSIGN_OR_RETURN(const std::string payload, ReadFrame(fd.get(), absl::Now() + kPatience));
  v1::RankReply reply;
  if (reply.ParseFromString(payload)) return reply;
  return absl::InternalError("the daemon's answer is no RankReply");
}

absl::Status HandIn(const UniqueFd& fd, const v1::Assignment& work) {
  for (const v1::Case& item : work.cases()) {
    v1::RankMessage message;
    message.mutable_case_started()->set_case_index(item.index());
    BB_RETURN_IF_ERROR(Say(fd, message));
    v1::CaseResult& result = *message.mutable_result();
    *result.mutable_case_() = item;
    result.set_attempt_id(work.attempt_id());
    result.set_outcome(v1::OUTCOME_OK);
    BB_RETURN_IF_ERROR(Say(fd, message));
    BB_RETURN_IF_ERROR(Hear(fd).status());
  }
  return absl::OkStatus();
}

absl::Status BeARank() {
  BB_ASSIGN_OR_RETURN(const UniqueFd fd, Connect(Variable("BASISBENCH_WORKER_SOCKET")));
  v1::RankMessage message;
  v1::RankHello& hello = *message.mutable_hello();
  hello.set_attempt_id(Variable("BASISBENCH_ATTEMPT"));
  hello.set_rank(Number("OMPI_COMM_WORLD_RANK"));
  hello.set_ranks(Number("OMPI_COMM_WORLD_SIZE"));
  hello.set_local_rank(Number("OMPI_COMM_WORLD_LOCAL_RANK"));
  const std::string note =
      absl::StrCat(Variable("BASISBENCH_RUNNER_NOTES"), "/rank-", hello.rank(), ".json");
  BB_RETURN_IF_ERROR(Say(fd, message));
  BB_ASSIGN_OR_RETURN(const v1::RankReply reply, Hear(fd));
  google::protobuf::util::JsonPrintOptions print;
  print.preserve_proto_field_names = true;
  std::string text;
  const auto printed =
      google::protobuf::util::MessageToJsonString(reply.assignment(), &text, print);
  if (!printed.ok()) return absl::InternalError(printed.ToString());
  std::ofstream(note) << text;
  BB_RETURN_IF_ERROR(HandIn(fd, reply.assignment().work()));
  message.mutable_done();
  return Say(fd, message);
}

int Main(const std::string& flag) {
  if (flag == "--describe") {
    Describe();
    return 0;
  }
  const absl::Status status = flag == "--serve-checks" ? ServeChecks() : BeARank();
  if (status.ok()) return 0;
  std::cerr << "stand-in runner: " << status << "\n";
  return 1;
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) { return basisbench::Main(argc > 1 ? argv[1] : ""); }
