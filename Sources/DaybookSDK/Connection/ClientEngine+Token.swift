import DaybookModel
import DaybookSchema
import Logging
import NIOCore
import SwiftProtobuf
import WireProtocol

/// Asking the application for a token.
struct TokenRenewal {
  enum Purpose { case connection, session }

  private(set) var purpose = Purpose.connection
  /// The request by which the session is to go on with another token, while it is unanswered.
  var query: UInt64?
  /// Of the one that the session has now, and when it began; nil where the server does not say.
  private(set) var ends: NIODeadline?
  /// The same in the server's milliseconds since 1970.
  private var stated: UInt64 = 0
  /// Of the question that is under way, or the last one.
  private(set) var round: UInt64 = 0
  private var asking: Task<Void, Never>?
  private var deadline: Scheduled<Void>?
  /// The server took a token of the provider since it last said that one had expired.
  private var isTrusted = true

  mutating func begin(
    for purpose: Purpose, _ ask: (UInt64) -> (Task<Void, Never>, Scheduled<Void>)
  ) {
    self.purpose = purpose
    round += 1
    (asking, deadline) = ask(round)
  }

  /// What comes of the question that is under way counts no more.
  mutating func end() {
    round += 1
    asking?.cancel()
    deadline?.cancel()
    (asking, deadline) = (nil, nil)
  }

  mutating func opened() { isTrusted = true }

  /// The session has begun with a token that ends at this time of the server's, so much later.
  mutating func lasts(_ milliseconds: UInt64, until end: UInt64, from now: NIODeadline) {
    query = nil
    stated = end
    let life = TimeAmount.milliseconds(Int64(min(milliseconds, TokenRenewal.lifeMax)))
    ends = milliseconds > 0 ? now + life : nil
  }

  /// The server's time goes on as this machine's does.
  mutating func goesOn(until end: UInt64) {
    guard let ends, end > stated else { return }
    self.ends = ends + .milliseconds(Int64(min(end - stated, TokenRenewal.lifeMax)))
    stated = end
  }

  /// A month in milliseconds: no timer runs for longer.
  private static let lifeMax: UInt64 = 30 * 86_400_000

  /// When another token is to be asked for: when a fifth of this one's life is left, and should that fail,
  /// of what is left then. Nil once it is too late for that.
  func isDue(after now: NIODeadline) -> TimeAmount? {
    guard let ends, ends - now > .milliseconds(100) else { return nil }
    return .nanoseconds((ends - now).nanoseconds / 5 * 4)
  }

  /// A token that has expired, or is void, is worth another one; if that is no better, there is a pause after
  /// the former, and an end after the latter: who makes tokens void means it.
  mutating func isWorthTrying(after error: DaybookError) -> Bool {
    guard error.code.isOfSpentToken else { return false }
    defer { isTrusted = false }
    return isTrusted
  }

  /// Until another token is asked for. Tokens say in whole seconds when they were made: one of the second in
  /// which all were made void would be void too.
  static func pause(after error: DaybookError) -> UInt64 {
    error.code == .tokenRevoked ? revokedPauseMilliseconds : 0
  }

  private static let revokedPauseMilliseconds: UInt64 = 1_100
}

extension ClientEngine {
  func askForToken(
    _ provider: @escaping ClientConfiguration.TokenProvider,
    for purpose: TokenRenewal.Purpose = .connection
  ) {
    renewal.begin(for: purpose) { round in
      let asking = Task { [weak self] in
        let outcome: Result<String, DaybookError>
        do {
          outcome = .success(try await provider())
        } catch let error as ClientError {
          outcome = .failure(error.asDaybookError)
        } catch {
          outcome = .failure(
            DaybookError(.tokenUnavailable, "the token provider failed: \(error)", cause: error))
        }
        self?.submit(.token(round: round, outcome))
      }
      let deadline = loop.scheduleTask(in: TimeAmount(configuration.connectDeadline)) { [self] in
        let error = DaybookError(.tokenUnavailable, "the token provider did not answer in time")
        gotToken(round, .failure(error))
        perform()
      }
      return (asking, deadline)
    }
  }

  func gotToken(_ round: UInt64, _ outcome: Result<String, DaybookError>) {
    guard round == renewal.round, !isOver else { return }
    renewal.end()
    if renewal.purpose == .session { return renew(with: outcome) }
    switch outcome {
    case .success(let token):
      core.settings.token = token
      logger.debug("the application has given a token")
      openConnection()
    case .failure(let error) where error.code.isTemporary:
      lastError = error
      tryAgain()
    case .failure(let error): stop(error)
    }
  }

  // MARK: a session that goes on

  func scheduleRenewal() {
    renewTimer?.cancel()
    renewTimer = nil
    guard !isOver, let provider = configuration.tokenProvider,
      let wait = renewal.isDue(after: .now())
    else { return }
    renewTimer = loop.scheduleTask(in: wait) { [self] in
      renewTimer = nil
      askForToken(provider, for: .session)
    }
  }

  /// Without one the session ends with its token, and another is asked for then.
  private func renew(with outcome: Result<String, DaybookError>) {
    guard channel != nil else { return }
    switch outcome {
    case .success(let token):
      core.settings.token = token
      let request = Daybook_V1_RenewRequest.with { $0.token = token }
      let id = nextToken()
      renewal.query = id
      core.query(id, .renew, body: ByteBuffer(bytes: request.wireBytes()))
    case .failure(let error):
      logger.notice("no other token yet", metadata: ["error": "\(error.code)"])
      scheduleRenewal()
    }
  }

  func renewed(_ outcome: Result<ByteBuffer, DaybookError>) {
    renewal.query = nil
    do throws(DaybookError) {
      let reply = try Daybook_V1_RenewReply(frameBody: try outcome.get())
      logger.debug("the session goes on with another token")
      renewal.goesOn(until: reply.tokenExpiresAtMs)
    } catch {
      logger.notice("the token was not taken", metadata: ["error": "\(error.code)"])
    }
    scheduleRenewal()
  }
}
