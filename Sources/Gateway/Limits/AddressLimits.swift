package import DaybookModel
import NIOConcurrencyHelpers
import Ports

/// What comes from one address before anybody says who it is: how many connections, and how many tokens
/// that are no good. Who keeps failing is refused for a while, each time for twice as long.
package final class AddressLimits: Sendable {
  /// An address that is refused, as operators are told.
  package struct Refused: Sendable, Equatable {
    package var address: String
    package var refusedFor: Duration
    /// Of its tokens, since it was first refused or was last good for that long.
    package var failures: UInt64
  }

  fileprivate struct Entry {
    var connects: TokenBucket?
    var failed: TokenBucket?
    var failures: UInt64 = 0
    /// How often it was refused in a row.
    var refusals: UInt64 = 0
    var refusedUntil = Timestamp.none
  }

  fileprivate struct State {
    var limits: RateLimits
    var entries: [String: Entry] = [:]
  }

  /// Addresses that are remembered at a time. What is good is forgotten first.
  static let entriesMax = 65_536
  static let refusalFirst: UInt64 = 60_000
  static let refusalMax: UInt64 = 3_600_000

  private let state: NIOLockedValueBox<State>
  private let refusesLoopback: Bool

  init(_ limits: RateLimits, refusesLoopback: Bool = false) {
    state = NIOLockedValueBox(State(limits: limits))
    self.refusesLoopback = refusesLoopback
  }

  func change(to limits: RateLimits) { state.withLockedValue { $0.limits = limits } }

  /// A connection comes. Why it is refused, if it is; `now` is of a clock that is not set.
  func knock(from address: String, now: Timestamp) -> DaybookError? {
    state.withLockedValue { state -> DaybookError? in
      if let until = state.entries[address]?.refusedUntil, until > now {
        return AddressLimits.refused(for: until.milliseconds - now.milliseconds)
      }
      guard let rate = state.limits.connectsPerAddress else { return nil }
      var entry = state.entry(of: address, now: now)
      var bucket = entry.connects ?? TokenBucket(rate, now: now)
      let wait = bucket.take(rate, now: now)
      entry.connects = bucket
      state.entries[address] = entry
      return wait.map {
        DaybookError(
          .overloaded, "this address opens too many connections; come again in a while",
          retryAfter: $0)
      }
    }
  }

  private static func refused(for milliseconds: UInt64) -> DaybookError {
    DaybookError(
      .overloaded, "too many tokens from this address were no good; come again in a while",
      retryAfter: .milliseconds(Int64(clamping: milliseconds)))
  }

  /// A token from there was refused. True if that makes the address a refused one. That of the server's own machine
  /// is none: whoever lets others in again comes from there.
  func tokenFailed(from address: String, now: Timestamp) -> Bool {
    state.withLockedValue { state in
      guard let rate = state.limits.failedTokensPerAddress,
        refusesLoopback || !AddressLimits.isLoopback(address)
      else { return false }
      var entry = state.entry(of: address, now: now)
      defer { state.entries[address] = entry }
      entry.failures += 1
      var bucket = entry.failed ?? TokenBucket(rate, now: now)
      let isTooMuch = bucket.take(rate, now: now) != nil
      entry.failed = bucket
      guard isTooMuch, entry.refusedUntil <= now else { return false }
      let time = min(
        AddressLimits.refusalMax, AddressLimits.refusalFirst << min(entry.refusals, 16))
      entry.refusals += 1
      entry.refusedUntil = Timestamp(milliseconds: now.milliseconds + time)
      return true
    }
  }

  /// As `ClientNetwork` names it.
  private static func isLoopback(_ address: String) -> Bool {
    address.hasPrefix("127.") || address == "0:0:0:0::/64"
  }

  /// Those that are refused now, the longest first.
  package func refused(now: Timestamp) -> [Refused] {
    let found = state.withLockedValue { state in
      state.entries.compactMap { address, entry -> Refused? in
        guard entry.refusedUntil > now else { return nil }
        let left = entry.refusedUntil.milliseconds - now.milliseconds
        return Refused(
          address: address, refusedFor: .milliseconds(Int64(left)), failures: entry.failures)
      }
    }
    return found.sorted {
      $0.refusedFor == $1.refusedFor ? $0.address < $1.address : $0.refusedFor > $1.refusedFor
    }
  }

  /// An operator knows better. False where it is not refused.
  package func lift(_ address: String, now: Timestamp) -> Bool {
    state.withLockedValue { state in
      guard let entry = state.entries[address], entry.refusedUntil > now else { return false }
      state.entries[address] = nil
      return true
    }
  }
}

extension AddressLimits.State {
  fileprivate mutating func entry(of address: String, now: Timestamp) -> AddressLimits.Entry {
    if let known = entries[address] { return known }
    if entries.count >= AddressLimits.entriesMax { forget(now: now) }
    return AddressLimits.Entry()
  }

  /// Those of which nothing bad is left to remember; should that be none, any that is not refused.
  private mutating func forget(now: Timestamp) {
    let limits = limits
    entries = entries.filter { _, entry in
      var entry = entry
      let connects = limits.connectsPerAddress
      let failed = limits.failedTokensPerAddress
      let isForgiven =
        connects.map { entry.connects?.isFull($0, now: now) ?? true } ?? true
        && failed.map { entry.failed?.isFull($0, now: now) ?? true } ?? true
      return entry.refusedUntil > now || !isForgiven
    }
    guard entries.count >= AddressLimits.entriesMax else { return }
    let spare = entries.first { $0.value.refusedUntil <= now } ?? entries.first
    if let spare { entries[spare.key] = nil }
  }
}
