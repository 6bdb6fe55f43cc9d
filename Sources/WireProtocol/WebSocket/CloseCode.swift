package import DaybookModel

/// Codes of close frames: those of RFC 6455, and ours, by range. From 4000 to 4099 a client comes again, after a
/// while; from 4100 to 4199 it doesn't, until what ended the session has changed.
/// `schemas/wire-protocol.md` has the table.
package enum CloseCode {
  package static let normal: UInt16 = 1000
  package static let protocolError: UInt16 = 1002
  package static let wrongKind: UInt16 = 1003
  package static let invalidText: UInt16 = 1007
  package static let tooLarge: UInt16 = 1009
  package static let serverFault: UInt16 = 1011

  package static let temporary: Range<UInt16> = 4000..<4100
  package static let final: Range<UInt16> = 4100..<4200

  /// Errors that sessions usually end for; the first of a range is for all others. No place is ever given to
  /// another error.
  private static let temporaryErrors: [ErrorCode] = [
    .connectDeadline, .heartbeatMissed, .slowConsumer, .serverStopping, .overloaded, .storageFull,
    .storageFailed, .projectionBehind, .earlyToken,
  ]
  private static let finalErrors: [ErrorCode] = [
    .malformedFrame, .frameTooLarge, .outOfOrderFrame, .sessionReplaced, .deviceForgotten,
    .partitionReadOnly, .logCorrupt, .invalidToken, .expiredToken, .foreignToken, .tooManyDevices,
    .invalidRequest, .tokenRevoked, .deviceDisplaced,
  ]

  /// Those that have a code of their own.
  package static let errors = temporaryErrors + finalErrors

  /// What ends a session for this reason.
  package static func of(_ error: ErrorCode) -> UInt16 {
    let (range, errors) =
      error.isTemporary ? (temporary, temporaryErrors) : (final, finalErrors)
    let place = errors.firstIndex(of: error).map { $0 + 1 } ?? 0
    return range.lowerBound + UInt16(place)
  }

  /// Whether a peer may send it (RFC 6455, 7.4.1 and 7.4.2, and IANA's registry): some stand only for what no frame
  /// has said.
  static func isValid(_ code: UInt16) -> Bool {
    switch code {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }
}
