package import DaybookModel
import NIOConcurrencyHelpers
import NIOSSL
package import Ports

/// A server's certificate and key, and who signs those of its clients. What was loaded last counts for every
/// connection that begins; those that are open go on as they began.
package final class TLSCertificates: Sendable {
  /// Reads the files.
  package typealias Source = @Sendable () throws(DaybookError) -> TLSMaterial

  /// So long before it ends an operator is told of it.
  private static let warningDays: UInt64 = 14

  private let source: Source
  private let clock: any WallClock
  private let loaded: NIOLockedValueBox<LoadedTLS>

  /// Throws what `source` throws; `invalid_input` for files that can't be used, or have expired.
  package init(clock: any WallClock, _ source: @escaping Source) throws(DaybookError) {
    self.source = source
    self.clock = clock
    loaded = NIOLockedValueBox(try LoadedTLS(try source(), now: clock.now()))
  }

  /// Reads the files once more. Returns what is another now, in a line; nil where they are as they were. Where it
  /// throws, as `init` does, all stays as it was.
  package func reload() throws(DaybookError) -> String? {
    let new = try LoadedTLS(try source(), now: clock.now())
    let old = loaded.withLockedValue { loaded in
      defer { loaded = new }
      return loaded
    }
    return new.isSame(as: old) ? nil : "TLS: new connections get the certificate of \(new.facts)"
  }

  /// Until nobody can connect with it any more; below 0 past that.
  package var secondsLeft: Int64 {
    let end = loaded.withLockedValue { $0.end }
    return (Int64(end.milliseconds) - Int64(clock.now().milliseconds)) / 1_000
  }

  /// In a line for the operator, where a certificate is near its end.
  package var warning: String? {
    let loaded = loaded.withLockedValue { $0 }
    let now = clock.now()
    let days = (max(loaded.end, now).milliseconds - now.milliseconds) / 86_400_000
    guard days < TLSCertificates.warningDays else { return nil }
    return
      "TLS: in \(days) days nobody will connect any more, with the certificate of \(loaded.facts): renew it"
  }

  var context: NIOSSLContext { loaded.withLockedValue { $0.context } }
}
