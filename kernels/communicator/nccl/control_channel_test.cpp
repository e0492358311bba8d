// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/nccl/control_channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

/// A port that was free a moment ago.
int free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t length = sizeof address;
  bind(probe, reinterpret_cast<sockaddr*>(&address), length);
  getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length);
  close(probe);
  return ntohs(address.sin_port);
}

/// Runs `body` for each of the launches at once, as processes would; returns their errors.
std::vector<std::string> errors_of(std::vector<LaunchEnvironment> launches, double limit_seconds,
                                   const std::function<void(ControlChannel&, int rank)>& body) {
  const int port = free_port();
  std::vector<std::string> errors(launches.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < launches.size(); ++i)
    threads.emplace_back([&, i] {
      launches[i].master_address = "127.0.0.1";
      launches[i].master_port = port;
      try {
        ControlChannel channel(launches[i], limit_seconds);
        body(channel, launches[i].rank);
      } catch (const Error& error) {
        errors[i] = error.what();
      }
    });
  for (std::thread& thread : threads) thread.join();
  return errors;
}

LaunchEnvironment rank_of(int rank, int size) {
  LaunchEnvironment launch;
  launch.rank = rank;
  launch.size = size;
  return launch;
}

TEST(ControlChannel, CarriesEveryRanksTextToAll) {
  const std::string long_text(100000, 'x');
  const auto errors =
      errors_of({rank_of(2, 3), rank_of(1, 3), rank_of(0, 3)}, 20, [&](ControlChannel& channel, int rank) {
        EXPECT_THAT(channel.exchange("from " + std::to_string(rank)), ElementsAre("from 0", "from 1", "from 2"));
        EXPECT_THAT(channel.exchange(rank == 1 ? long_text : ""), ElementsAre("", long_text, ""));
      });
  EXPECT_THAT(errors, Each(""));
}

TEST(ControlChannel, OneRankTalksToItself) {
  ControlChannel channel(rank_of(0, 1), 1);
  EXPECT_THAT(channel.exchange("alone"), ElementsAre("alone"));
}

TEST(ControlChannel, ARankThatDiesIsNamedToAll) {
  const auto errors =
      errors_of({rank_of(0, 3), rank_of(1, 3), rank_of(2, 3)}, 20, [](ControlChannel& channel, int rank) {
        if (rank == 2) return;  // its end closes the socket
        channel.exchange("call 1");
      });
  EXPECT_THAT(errors[0], HasSubstr("rank 2: it has ended"));
  EXPECT_THAT(errors[1], HasSubstr("rank 2: it has ended"));
}

TEST(ControlChannel, ARankThatDoesNotComeIsNamedToAll) {
  const auto errors = errors_of({rank_of(0, 3), rank_of(1, 3)}, 0.3, [](ControlChannel&, int) { FAIL(); });
  EXPECT_THAT(errors, Each(HasSubstr("2 of 3 ranks came within the time limit; absent: 2")));
}

TEST(ControlChannel, RanksLaunchedWithAnotherSizeAreAnErrorForAll) {
  const auto errors = errors_of({rank_of(0, 2), rank_of(1, 4)}, 20, [](ControlChannel&, int) { FAIL(); });
  EXPECT_THAT(errors, Each(HasSubstr("rank 1 was launched as one of 4, rank 0 as one of 2")));
}

TEST(ControlChannel, TheSameRankTwiceIsAnErrorForAll) {
  const auto errors =
      errors_of({rank_of(0, 3), rank_of(1, 3), rank_of(1, 3)}, 20, [](ControlChannel&, int) { FAIL(); });
  EXPECT_THAT(errors, Each(HasSubstr("two processes say that they are rank 1")));
}

}  // namespace
}  // namespace lockstep
