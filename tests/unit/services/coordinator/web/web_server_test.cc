// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/web/web_server.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "services/coordinator/web/page.h"
#include "tests/fakes/fake_directory.h"
#include "tests/fakes/http_client.h"

namespace basisbench {
namespace {

using nlohmann::json;

v1::Job MakeJob(const std::string& id, v1::JobState state) {
  v1::Job job;
  job.set_id(id);
  job.set_state(state);
  job.mutable_spec()->set_name("a \"sweep\"");
  job.set_cases_total(2);
  return job;
}

v1::CaseResult MakeResult(const std::string& job_id, uint32_t index) {
  v1::CaseResult result;
  result.set_job_id(job_id);
  result.set_outcome(v1::OUTCOME_OK);
  result.mutable_case_()->set_index(index);
  result.mutable_case_()->mutable_operator_()->set_name("monarch");
  (*result.mutable_case_()->mutable_operator_()->mutable_parameters())["blocks"] = "32";
  result.mutable_case_()->mutable_shape()->set_tokens(512);
  result.mutable_case_()->set_ranks(2);
  result.mutable_timing()->mutable_seconds()->set_median(0.25);
  result.mutable_timing()->add_samples()->add_seconds(0.25);
  result.mutable_comparison()->set_speedup(3.5);
  return result;
}

class WebServerTest : public ::testing::Test {
 protected:
  WebServerTest() {
    for (const char* name : {"w0", "w1", "w2"}) {
      v1::WorkerInfo worker;
      worker.set_name(name);
      worker.set_address("10.0.0.7");
      worker.set_http_port(name[1] == '2' ? 0 : 9464);
      worker.set_state(v1::WORKER_STATE_READY);
      worker.set_slots(4);
      directory_.PutWorker(worker);
    }
    web_ = std::move(StartWeb(directory_, metrics_, {})).value();
  }

  json GetJson(const std::string& path, int status = 200) {
    const HttpAnswer answer = Get(web_->port(), path);
    EXPECT_EQ(answer.status, status) << path << ": " << answer.body;
    EXPECT_TRUE(absl::StrContains(answer.head, "Content-Type: application/json")) << answer.head;
    return json::parse(answer.body, nullptr, false);
  }

  // Everything the event stream says until `until` appears.
  std::string Events(const std::string& query, const std::string& headers,
                     const std::string& until) {
    HttpClient client(web_->port());
    client.SendBytes(
        absl::StrCat("GET /api/v1/events", query, " HTTP/1.1\r\nHost: t\r\n", headers, "\r\n"));
    return client.ReadUntil(until);
  }

  FakeDirectory directory_;
  MetricSet metrics_;
  std::unique_ptr<WebServer> web_;
};

TEST_F(WebServerTest, ListsJobsAndFiltersByState) {
  directory_.PutJob(MakeJob("j1", v1::JOB_STATE_SUCCEEDED));
  directory_.PutJob(MakeJob("j2", v1::JOB_STATE_RUNNING));
  const json all = GetJson("/api/v1/jobs");
  ASSERT_EQ(all["jobs"].size(), 2u);
  EXPECT_EQ(all["jobs"][0]["id"], "j2");
  EXPECT_EQ(all["jobs"][0]["cases_done"], 0);
  const json running = GetJson("/api/v1/jobs?states=running,queued&page_size=10");
  ASSERT_EQ(running["jobs"].size(), 1u);
  EXPECT_EQ(running["jobs"][0]["spec"]["name"], "a \"sweep\"");
}

TEST_F(WebServerTest, NamesWhatIsWrongWithARequest) {
  EXPECT_EQ(GetJson("/api/v1/jobs/none", 404)["error"]["message"], "no job 'none'");
  EXPECT_EQ(GetJson("/api/v1/jobs?page_size=many", 400)["error"]["message"],
            "page_size: 'many' is not a number");
  EXPECT_TRUE(absl::StrContains(
      GetJson("/api/v1/jobs?states=idle", 400)["error"]["message"].get<std::string>(),
      "no state 'idle'"));
  EXPECT_EQ(GetJson("/api/v1/jobs/a/b/c", 404)["error"]["code"], "NOT_FOUND");
  EXPECT_EQ(GetJson("/api/v1/jobs/%ff%fe", 404)["error"]["code"], "NOT_FOUND");
  EXPECT_EQ(GetJson("/api/v1/presets?name=x", 404)["error"]["message"], "no preset 'x'");
}

TEST_F(WebServerTest, ReturnsResultsWithSamplesOnlyWhenAsked) {
  directory_.PutJob(MakeJob("j1", v1::JOB_STATE_RUNNING));
  directory_.AddResult(MakeResult("j1", 0));
  const json plain = GetJson("/api/v1/jobs/j1/results");
  EXPECT_EQ(plain["results"][0]["timing"]["seconds"]["median"], 0.25);
  EXPECT_TRUE(plain["results"][0]["timing"]["samples"].empty());
  EXPECT_EQ(GetJson("/api/v1/jobs/j1/results?samples=1")["results"][0]["timing"]["samples"].size(),
            1u);
  EXPECT_EQ(GetJson("/api/v1/jobs/j1")["cases_done"], 1);
}

TEST_F(WebServerTest, ListsAllPagesOfWorkersAndTheCatalogues) {
  EXPECT_EQ(GetJson("/api/v1/workers")["workers"].size(), 3u);
  EXPECT_EQ(GetJson("/api/v1/operators")["operators"][0]["name"], "matmul");
  EXPECT_EQ(GetJson("/api/v1/presets")["presets"][0]["name"], "gpt2-small");
}

TEST_F(WebServerTest, DiscoveryNamesTheWorkersThatCanBeScraped) {
  const json groups = GetJson("/sd/targets");
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0]["targets"], json({"10.0.0.7:9464"}));
  EXPECT_EQ(groups[1]["labels"]["__meta_basisbench_worker"], "w1");
}

TEST_F(WebServerTest, ReadinessIsTheDirectorys) {
  EXPECT_EQ(Get(web_->port(), "/healthz").status, 200);
  EXPECT_EQ(Get(web_->port(), "/readyz").status, 200);
  directory_.SetReady(absl::ResourceExhaustedError("disk full"));
  const HttpAnswer answer = Get(web_->port(), "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "disk full\n");
}

TEST_F(WebServerTest, MetricsFollowTheDirectory) {
  directory_.PutJob(MakeJob("j1", v1::JOB_STATE_RUNNING));
  directory_.AddResult(MakeResult("j1", 0));
  const std::string text = Get(web_->port(), "/metrics").body;
  EXPECT_TRUE(absl::StrContains(text, "basisbench_workers{state=\"ready\"} 3\n")) << text;
  EXPECT_TRUE(absl::StrContains(text, "basisbench_cluster_slots 12\n"));
  EXPECT_TRUE(absl::StrContains(text, "basisbench_job_cases_done{job_id=\"j1\"} 1\n"));
  EXPECT_TRUE(absl::StrContains(text, "state=\"running\"} 1\n"));
  EXPECT_TRUE(absl::StrContains(text, "operator=\"monarch{blocks=32}\"")) << text;
  EXPECT_TRUE(absl::StrContains(text, "basisbench_result_speedup_ratio{"));
  directory_.DeleteJob("j1");
  EXPECT_FALSE(absl::StrContains(Get(web_->port(), "/metrics").body, "j1"));
}

TEST_F(WebServerTest, EventsReplayAJobAndGoOn) {
  directory_.PutJob(MakeJob("j1", v1::JOB_STATE_RUNNING));
  directory_.AddResult(MakeResult("j1", 0));
  HttpClient client(web_->port());
  client.SendBytes("GET /api/v1/events?job=j1 HTTP/1.1\r\nHost: t\r\n\r\n");
  std::string text = client.ReadUntil("id: 2\nevent: result");
  EXPECT_TRUE(absl::StrContains(text, "event: jobs\ndata: {\"jobs\":[")) << text;
  EXPECT_TRUE(absl::StrContains(text, "event: workers\n"));
  EXPECT_TRUE(absl::StrContains(text, "id: 1\nevent: job\n"));
  v1::Progress progress;
  progress.set_label("monarch 512x0x0");
  directory_.SetProgress("j1", progress);
  EXPECT_TRUE(absl::StrContains(client.ReadUntil("event: progress"), "event: progress"));
  directory_.PutJob(MakeJob("j1", v1::JOB_STATE_SUCCEEDED));
  text = client.ReadUntil("event: end");
  EXPECT_TRUE(absl::StrContains(text, "id: 3\nevent: job\n"));
  EXPECT_TRUE(absl::StrContains(text, "event: end\ndata: {\"code\":\"OUT_OF_RANGE\"")) << text;
}

TEST_F(WebServerTest, EventsResumeAfterTheLastOneSeen) {
  directory_.PutJob(MakeJob("j1", v1::JOB_STATE_RUNNING));
  directory_.AddResult(MakeResult("j1", 0));
  directory_.AddResult(MakeResult("j1", 1));
  const std::string text = Events("?job=j1", "Last-Event-ID: 2\r\n", "id: 3\n");
  EXPECT_TRUE(absl::StrContains(text, "id: 3\nevent: result"));
  EXPECT_FALSE(absl::StrContains(text, "id: 2\n"));
}

TEST_F(WebServerTest, EventsOfAnUnknownJobEndAndSnapshotsGoOn) {
  EXPECT_TRUE(absl::StrContains(Events("?job=none", "", "event: jobs"), "\"code\":\"NOT_FOUND\""));
  EXPECT_TRUE(
      absl::StrContains(Events("", "Last-Event-ID: x\r\n", "event: workers"), "event: jobs"));
}

TEST_F(WebServerTest, StopEndsStreams) {
  HttpClient client(web_->port());
  client.SendBytes("GET /api/v1/events HTTP/1.1\r\nHost: t\r\n\r\n");
  client.ReadUntil("event: workers");
  web_->Stop();
  web_->Stop();
}

TEST_F(WebServerTest, ThePageBringsEverythingItNeeds) {
  const HttpAnswer page = Get(web_->port(), "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(absl::StrContains(page.head, "Content-Security-Policy: default-src 'none'"));
  for (const PageAsset& asset : PageAssets()) {
    const HttpAnswer answer = Get(web_->port(), std::string(asset.path));
    EXPECT_EQ(answer.status, 200) << asset.path;
    EXPECT_EQ(answer.body, asset.body);
    EXPECT_FALSE(absl::StrContains(asset.body, "https://")) << asset.path;
    if (asset.path != "/" && absl::EndsWith(asset.path, ".css")) {
      EXPECT_TRUE(absl::StrContains(page.body, asset.path));
    }
  }
  EXPECT_FALSE(absl::StrContains(page.body, "style=\"")) << "the policy forbids inline styles";
}

TEST_F(WebServerTest, AnUnchangedPageIsNotSentAgain) {
  const HttpAnswer first = Get(web_->port(), "/");
  const size_t at = first.head.find("ETag: ");
  ASSERT_NE(at, std::string::npos);
  const std::string tag = first.head.substr(at + 6, first.head.find("\r\n", at) - at - 6);
  const HttpAnswer second = Get(web_->port(), "/", absl::StrCat("If-None-Match: ", tag, "\r\n"));
  EXPECT_EQ(second.status, 304);
  EXPECT_EQ(second.body, "");
}

}  // namespace
}  // namespace basisbench
