import DaybookModel
import NIOConcurrencyHelpers
import Ports

/// What each user does, over all devices and loops. Costs nothing where nothing is limited.
final class UserRates: Sendable {
  enum Doing: Sendable { case sends, queries }

  fileprivate struct Buckets {
    var sends: TokenBucket?
    var queries: TokenBucket?
  }

  fileprivate struct State {
    var limits: RateLimits
    var users: [UserID: Buckets] = [:]
  }

  /// Users that are remembered at a time: those whose buckets are full are forgotten first.
  static let usersMax = 65_536

  private let state: NIOLockedValueBox<State>
  private let isLimited: NIOLockedValueBox<Bool>

  init(_ limits: RateLimits) {
    state = NIOLockedValueBox(State(limits: limits))
    isLimited = NIOLockedValueBox(UserRates.limits(limits))
  }

  private static func limits(_ limits: RateLimits) -> Bool {
    limits.sendsPerUser != nil || limits.queriesPerUser != nil
  }

  func change(to limits: RateLimits) {
    state.withLockedValue { $0.limits = limits }
    isLimited.withLockedValue { $0 = UserRates.limits(limits) }
  }

  /// Throws `overloaded`, with when to come again. `now` is of a clock that is not set.
  func admit(
    _ doing: Doing, of user: UserID, now: @autoclosure () -> Timestamp
  ) throws(DaybookError) {
    guard isLimited.withLockedValue({ $0 }) else { return }
    let now = now()
    let wait = state.withLockedValue { state -> Duration? in
      let rate = doing == .sends ? state.limits.sendsPerUser : state.limits.queriesPerUser
      guard let rate else { return nil }
      if state.users[user] == nil, state.users.count >= UserRates.usersMax {
        state.forget(now: now)
      }
      let path: WritableKeyPath<Buckets, TokenBucket?> =
        doing == .sends ? \.sends : \.queries
      var buckets = state.users[user] ?? Buckets()
      var bucket = buckets[keyPath: path] ?? TokenBucket(rate, now: now)
      let wait = bucket.take(rate, now: now)
      buckets[keyPath: path] = bucket
      state.users[user] = buckets
      return wait
    }
    guard let wait else { return }
    let what = doing == .sends ? "sends" : "asks"
    throw DaybookError(
      .overloaded, "\(user) \(what) more than is allowed; come again in a while",
      retryAfter: wait)
  }
}

extension UserRates.State {
  fileprivate mutating func forget(now: Timestamp) {
    let limits = limits
    users = users.filter { _, buckets in
      var buckets = buckets
      let isFull =
        (limits.sendsPerUser.map { buckets.sends?.isFull($0, now: now) ?? true } ?? true)
        && (limits.queriesPerUser.map { buckets.queries?.isFull($0, now: now) ?? true } ?? true)
      return !isFull
    }
    if users.count >= UserRates.usersMax, let any = users.first { users[any.key] = nil }
  }
}
