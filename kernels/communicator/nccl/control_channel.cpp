// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/nccl/control_channel.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

constexpr std::uint32_t kLongestText = 1u << 20;
constexpr const char* kGreeting = "lockstep control 1";

/// Milliseconds left, for poll; 0 when none.
int milliseconds_until(std::chrono::steady_clock::time_point limit) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000));
}

bool wait_for(int socket, short events, std::chrono::steady_clock::time_point limit) {
  pollfd waited{socket, events, 0};
  for (;;) {
    const int ready = poll(&waited, 1, milliseconds_until(limit));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return false;
  }
}

struct CloseSocket {
  int socket;
  ~CloseSocket() { close(socket); }
};

void send_at_once(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// A text beginning with this is an end for all, with its reason.
constexpr char kEnd = 'E', kTexts = 'T';

void append(std::string& packed, const std::string& text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  packed.append(reinterpret_cast<const char*>(&length), sizeof length).append(text);
}

std::vector<std::string> unpacked(const std::string& packed) {
  std::vector<std::string> texts;
  for (std::size_t at = 1; at + sizeof(std::uint32_t) <= packed.size();) {
    std::uint32_t length = 0;
    std::memcpy(&length, packed.data() + at, sizeof length);
    texts.push_back(packed.substr(at + sizeof length, length));
    at += sizeof length + length;
  }
  return texts;
}

}  // namespace

ControlChannel::ControlChannel(const LaunchEnvironment& launch, double limit_seconds)
    : rank_(launch.rank), size_(launch.size), port_(launch.master_port), limit_seconds_(limit_seconds) {
  sockets_.assign(rank_ == 0 ? static_cast<std::size_t>(size_) : 1, -1);
  if (size_ == 1) return;
  try {
    if (rank_ == 0)
      gather_ranks();
    else
      find_master(launch.master_address);
    exchange("ready");  // nobody goes on before all have come
  } catch (...) {
    for (const int socket : sockets_)
      if (socket >= 0) close(socket);
    throw;
  }
}

ControlChannel::~ControlChannel() {
  for (const int socket : sockets_)
    if (socket >= 0) close(socket);
}

ControlChannel::Deadline ControlChannel::deadline(double limit_seconds) {
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(limit_seconds));
}

void ControlChannel::gather_ranks() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) throw Error(std::string("launch: rank 0 gets no socket: ") + std::strerror(errno));
  const CloseSocket closes{listener};
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener, size_) != 0)
    throw Error("launch: rank 0 cannot listen at port " + std::to_string(port_) + ": " + std::strerror(errno) +
                "; accepted: a free port in MASTER_PORT");
  const Deadline limit = deadline();
  for (int met = 1; met < size_;) {
    if (!wait_for(listener, POLLIN, limit)) {
      std::string absent;
      for (int rank = 1; rank < size_; ++rank)
        if (sockets_[static_cast<std::size_t>(rank)] < 0) absent += ' ' + std::to_string(rank);
      const std::string reason = "launch: " + std::to_string(met) + " of " + std::to_string(size_) +
                                 " ranks came within the time limit; absent:" + absent;
      tell_all(kEnd + reason, deadline());
      throw Error(reason);
    }
    const int guest = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (guest < 0) continue;
    send_at_once(guest);
    std::vector<std::string> said;
    try {
      said = unpacked(read_text(guest, std::min(limit, std::chrono::steady_clock::now() + std::chrono::seconds(5))));
    } catch (const Error&) {  // somebody who is no rank
    }
    if (said.size() != 3 || said[0] != kGreeting) {
      close(guest);
      continue;
    }
    const int rank = std::atoi(said[1].c_str());
    std::string reason;
    if (said[2] != std::to_string(size_))
      reason = "rank " + said[1] + " was launched as one of " + said[2] + ", rank 0 as one of " + std::to_string(size_);
    else if (rank < 1 || rank >= size_ || sockets_[static_cast<std::size_t>(rank)] >= 0)
      reason = "two processes say that they are rank " + said[1];
    if (!reason.empty()) {
      reason = "launch: " + reason;
      tell_all(kEnd + reason, limit);
      try {
        write_text(guest, kEnd + reason, limit);
      } catch (const Error&) {  // it has gone; the reason stands all the same
      }
      close(guest);
      throw Error(reason);
    }
    sockets_[static_cast<std::size_t>(rank)] = guest;
    ++met;
  }
}

void ControlChannel::find_master(const std::string& address) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  const int status = getaddrinfo(address.c_str(), std::to_string(port_).c_str(), &hints, &found);
  if (status != 0)
    throw Error("launch: MASTER_ADDR is '" + address + "': " + gai_strerror(status) + "; accepted: rank 0's host");
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  const Deadline limit = deadline();
  for (;;) {  // rank 0 may start later than this one
    const int guest = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (guest < 0) throw Error(std::string("launch: no socket: ") + std::strerror(errno));
    if (connect(guest, found->ai_addr, found->ai_addrlen) == 0) {
      sockets_[0] = guest;
      break;
    }
    close(guest);
    if (milliseconds_until(limit) == 0)
      throw Error("launch: rank " + std::to_string(rank_) + " finds nobody at " + address + ':' +
                  std::to_string(port_) + " within the time limit; rank 0 should listen there");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  send_at_once(sockets_[0]);
  std::string greeting(1, kTexts);
  append(greeting, kGreeting);
  append(greeting, std::to_string(rank_));
  append(greeting, std::to_string(size_));
  write_text(sockets_[0], greeting, limit);
}

void ControlChannel::write_text(int socket, const std::string& text, Deadline limit) {
  std::string packed;
  append(packed, text);
  for (std::size_t done = 0; done < packed.size();) {
    if (!wait_for(socket, POLLOUT, limit)) throw Error("it does not read within the time limit");
    const ssize_t wrote = send(socket, packed.data() + done, packed.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote < 0 && errno != EAGAIN && errno != EINTR) throw Error("it has ended");
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
}

std::string ControlChannel::read_text(int socket, Deadline limit) {
  const auto read_into = [&](char* to, std::size_t bytes) {
    for (std::size_t done = 0; done < bytes;) {
      if (!wait_for(socket, POLLIN, limit)) throw Error("it did not answer within the time limit");
      const ssize_t got = recv(socket, to + done, bytes - done, MSG_DONTWAIT);
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) throw Error("it has ended");
      if (got > 0) done += static_cast<std::size_t>(got);
    }
  };
  std::uint32_t length = 0;
  read_into(reinterpret_cast<char*>(&length), sizeof length);
  if (length == 0 || length > kLongestText) throw Error("it speaks another protocol");
  std::string text(length, '\0');
  read_into(text.data(), length);
  return text;
}

void ControlChannel::tell_all(const std::string& text, Deadline limit) {
  for (const int socket : sockets_) {
    if (socket < 0) continue;
    try {
      write_text(socket, text, limit);
    } catch (const Error&) {  // who has ended hears nothing, and is noticed when its text is due
    }
  }
}

std::vector<std::string> ControlChannel::exchange(const std::string& mine, std::optional<double> limit_seconds) {
  if (size_ == 1) return {mine};
  const std::string me = "rank " + std::to_string(rank_) + ": ";
  const Deadline limit = deadline(limit_seconds.value_or(limit_seconds_));
  if (rank_ != 0) {
    std::string answer;
    try {
      write_text(sockets_[0], kTexts + mine, limit);
      // Rank 0 may itself wait for another rank until the limit and then has a better reason.
      answer = read_text(sockets_[0], limit + std::chrono::seconds(5));
    } catch (const Error& error) {
      throw Error(me + "rank 0: " + error.what());
    }
    if (answer.empty() || answer[0] != kTexts) throw Error(me + (answer.empty() ? "no answer" : answer.substr(1)));
    return unpacked(answer);
  }
  std::string all(1, kTexts);
  append(all, mine);
  for (int rank = 1; rank < size_; ++rank) {
    try {
      append(all, read_text(sockets_[static_cast<std::size_t>(rank)], limit).substr(1));
    } catch (const Error& error) {
      const std::string reason = "rank " + std::to_string(rank) + ": " + error.what();
      tell_all(kEnd + reason, deadline());
      throw Error(me + reason);
    }
  }
  tell_all(all, deadline());
  return unpacked(all);
}

}  // namespace lockstep
