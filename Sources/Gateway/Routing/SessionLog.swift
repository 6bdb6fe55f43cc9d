import DaybookModel
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Requests

/// Tells the operator of sessions: who came, who went and why, who was refused. Each kind is thinned
/// by itself, so that a flood of one hides no other. Any thread.
final class SessionLog: Sendable {
  enum Kind: String, CaseIterable {
    case opened = "sessions were opened"
    case ended = "sessions ended"
    case refused = "clients were refused"
    case crowded = "clients found no place"
    case insecure = "TLS handshakes failed"
    case troubled = "sessions were ended by the server"
    case failing = "traced commands were refused"
    case slow = "traced commands were slow"
    case done = "traced commands were done"
  }

  private let logger: Logger
  private let clock: any WallClock
  private let throttles = NIOLockedValueBox<[Kind: LineThrottle]>([:])

  init(_ logger: Logger, clock: any WallClock) {
    self.logger = logger
    self.clock = clock
  }

  /// `facts` are asked for only where they are written.
  func opened(_ who: Requester, _ facts: @autoclosure () -> Logger.Metadata) {
    note(.opened, .info, "\(SessionLog.name(who)) has connected", facts())
  }

  /// `reason` is why the server ended it; nil where the client has gone.
  func ended(
    _ who: Requester, because reason: DaybookError?, _ facts: @autoclosure () -> Logger.Metadata
  ) {
    guard let reason else {
      return note(.ended, .info, "\(SessionLog.name(who)) has gone", facts())
    }
    let level = SessionLog.level(reason.code)
    note(
      level >= .warning ? .troubled : .ended, level,
      "the session of \(SessionLog.name(who)) was ended: \(reason)",
      SessionLog.with(reason.code, facts()))
  }

  /// Who never said who it is, or said it wrong.
  func refused(_ reason: DaybookError, _ facts: @autoclosure () -> Logger.Metadata) {
    note(
      reason.code == .overloaded ? .crowded : .refused,
      max(.notice, SessionLog.level(reason.code)), "a client was refused: \(reason)",
      SessionLog.with(reason.code, facts()))
  }

  /// Client and server could not agree on TLS, so that nothing could be said.
  func handshakeFailed(_ reason: String, _ facts: @autoclosure () -> Logger.Metadata) {
    note(.insecure, .notice, "a TLS handshake failed: \(reason)", facts())
  }

  /// From how long on a command was slow.
  static let slowAfter = TimeAmount.seconds(1)

  /// A command that states a trace id, and what it was refused with, if it was. What went well, and
  /// quickly, is told to whoever wants to see all.
  func command(
    _ failure: DaybookError?, took: TimeAmount, traceID: TraceID,
    _ facts: @autoclosure () -> Logger.Metadata
  ) {
    let isSlow = took >= SessionLog.slowAfter
    let milliseconds = took.nanoseconds / 1_000_000
    func metadata() -> Logger.Metadata {
      facts().merging(["trace_id": "\(traceID)", "took_ms": "\(milliseconds)"]) { _, own in own }
    }
    if let failure {
      note(
        .failing, SessionLog.level(failure.code), "a command was refused: \(failure)",
        SessionLog.with(failure.code, metadata()))
    } else if isSlow {
      note(.slow, .notice, "a command took \(milliseconds) ms", metadata())
    } else {
      note(.done, .debug, "a command is durable", metadata())
    }
  }

  private static func with(_ code: ErrorCode, _ facts: Logger.Metadata) -> Logger.Metadata {
    facts.merging(["code": "\(code.name)"]) { _, code in code }
  }

  /// Now and then, so that what was left out is told even if no more comes.
  func tellSuppressed() {
    let now = clock.uptime()
    let due = throttles.withLockedValue { throttles in
      Kind.allCases.compactMap { kind in
        throttles[kind]?.takeSuppressed(at: now).map { (kind, $0) }
      }
    }
    for (kind, count) in due {
      logger.notice(
        "\(count) more \(kind.rawValue) within \(LineThrottle.intervalMilliseconds / 1_000) s, which were not logged one by one",
        metadata: ["suppressed": "\(count)"])
    }
  }

  private func note(
    _ kind: Kind, _ level: Logger.Level, _ message: @autoclosure () -> Logger.Message,
    _ facts: @autoclosure () -> Logger.Metadata
  ) {
    guard level >= logger.logLevel else { return }
    tellSuppressed()
    let now = clock.uptime()
    guard throttles.withLockedValue({ $0[kind, default: LineThrottle()].admits(at: now) })
    else { return }
    logger.log(level: level, message(), metadata: facts())
  }

  private static func name(_ who: Requester) -> String {
    switch who.principal {
    case .device(let user, let device): "\(user) (\(device))"
    case .service(let service): "the service \(service)"
    }
  }

  /// What an operator may have to do something about is a warning.
  private static func level(_ code: ErrorCode) -> Logger.Level {
    switch code {
    case .slowConsumer, .overloaded, .projectionBehind, .storageFull, .storageFailed,
      .partitionReadOnly, .logCorrupt:
      .warning
    case .malformedFrame, .frameTooLarge, .outOfOrderFrame: .notice
    default: .info
    }
  }
}
