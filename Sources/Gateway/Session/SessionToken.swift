import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import WireProtocol

/// The token that a session lives by, until that ends or is made void, and those that the client wants it to
/// go on with. Which are void is the owner's to say; what is made void later, its stream's events tell.
struct SessionToken {
  private struct Renewal {
    let sequence: UInt32
    let token: CheckedToken
    /// It was made void after the owner was asked, who did not know of that.
    var isRevoked = false
  }

  private let requester: Requester
  private let settings: SessionSettings
  private var expiresAt: Timestamp
  private(set) var stamp: TokenStamp
  private var renewals: [Renewal] = []
  /// Whether the token's end is awaited by a timer, as it is only once it is near: a timer for each
  /// session would be memory that does nothing for days. Until then it is looked for at each tick.
  private var expiryIsNear = false

  init(_ token: CheckedToken, of requester: Requester, _ settings: SessionSettings) {
    self.requester = requester
    self.settings = settings
    expiresAt = token.expiresAt
    stamp = token.stamp
  }

  // MARK: its end

  /// Called twice in each heartbeat interval.
  mutating func tick(_ output: inout SessionOutput) throws(EndOfSession) {
    if !expiryIsNear { try checkExpiry(&output) }
  }

  /// At the beginning, and when the timer says so.
  mutating func expiryDue(_ output: inout SessionOutput) throws(EndOfSession) {
    expiryIsNear = false
    try checkExpiry(&output)
  }

  private mutating func checkExpiry(_ output: inout SessionOutput) throws(EndOfSession) {
    let left = untilExpiry(settings.clock.now())
    guard left > .zero else {
      throw .closing(
        DaybookError(.expiredToken, "the token has expired: connect with a new one"))
    }
    // Two ticks: it is seen in time, even if one is late.
    guard left <= .nanoseconds(settings.options.heartbeatInterval.nanoseconds) else { return }
    expiryIsNear = true
    output.actions.append(.scheduleExpiry(after: left))
  }

  /// Zero once the token has expired.
  func untilExpiry(_ now: Timestamp) -> Duration {
    guard expiresAt > now else { return .zero }
    return .milliseconds(Int64(clamping: expiresAt.milliseconds - now.milliseconds))
  }

  // MARK: whether it is void

  /// Where it stands which tokens are void, and what says so is pushed.
  var stream: StreamKey { requester.revocationStream }

  /// At a service's beginning, which opens no mailbox; and where events may have been missed.
  func ask(_ output: inout SessionOutput) {
    output.actions.append(
      .submit(
        requester.tokenCheck(stamp), CommandPurpose(sequence: 0, kind: .token(stamp))))
  }

  /// Of the token that was asked about, which another one may have followed since.
  func answered(
    _ outcome: Result<CommandOutcome, DaybookError>, about asked: TokenStamp,
    _ output: inout SessionOutput
  ) throws(EndOfSession) {
    guard asked == stamp else { return ask(&output) }
    do throws(DaybookError) {
      _ = try outcome.get().result()
    } catch {
      throw .closing(error)
    }
  }

  mutating func take(_ revoked: Revocation) throws(EndOfSession) {
    for index in renewals.indices
    where revoked.covers(renewals[index].token.stamp, of: requester.device) {
      renewals[index].isRevoked = true
    }
    if revoked.covers(stamp, of: requester.device) { throw .closing(.tokenIsRevoked) }
  }

  // MARK: renewing

  /// The token that the session is to go on with was looked at: the owner is asked next. False where the
  /// request is answered already: with what is wrong with it, and with `not_permitted` for one of anybody
  /// else, for a session remains who it is.
  mutating func renew(
    with result: Result<CheckedToken, DaybookError>, sequence: UInt32,
    _ output: inout SessionOutput
  ) -> Bool {
    do throws(DaybookError) {
      let token = try result.get()
      guard token.principal == requester.principal else {
        throw DaybookError(
          .notPermitted, "the token is another's: a session is renewed with one of its own")
      }
      renewals.append(Renewal(sequence: sequence, token: token))
      output.actions.append(
        .submit(
          requester.tokenCheck(token.stamp), CommandPurpose(sequence: sequence, kind: .renewal)))
      return true
    } catch {
      output.error(error, sequence: sequence)
      return false
    }
  }

  /// The owner has said whether it is void.
  mutating func renewalAnswered(
    _ outcome: Result<CommandOutcome, DaybookError>, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    guard let index = renewals.firstIndex(where: { $0.sequence == sequence }) else { return }
    let renewal = renewals.remove(at: index)
    do throws(DaybookError) {
      _ = try outcome.get().result()
      if renewal.isRevoked { throw .tokenIsRevoked }
      (stamp, expiresAt) = (renewal.token.stamp, renewal.token.expiresAt)
      expiryIsNear = false
      output.write(
        .renew.reply, sequence: sequence,
        Daybook_V1_RenewReply.with { $0.tokenExpiresAtMs = expiresAt.milliseconds })
    } catch {
      output.error(error, sequence: sequence)
    }
  }
}

extension Requester {
  /// A service has no mailbox: it is the one that a user of its name would have.
  fileprivate var revocationStream: StreamKey {
    switch principal {
    case .device(let user, _): .user(user)
    case .service(let service): .user(UserID(checked: service.text))
    }
  }

  fileprivate func tokenCheck(_ token: TokenStamp) -> Command {
    Command(stream: revocationStream, actor: actor, id: nil, body: .checkToken(token))
  }
}
