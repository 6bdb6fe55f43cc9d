package import DaybookModel

/// An address where a server lets clients in, and how they speak there.
package struct ListenLine: Sendable, CustomStringConvertible {
  package enum Kind: Sendable {
    case tcp
    /// Of browsers, pages of these origins may connect; nil: of the host that they ask.
    case webSocket(origins: [String]?)
  }

  package var address: ServerAddress
  package var kind: Kind
  package var isTLS: Bool
  /// A socket that listens there already; nil where one is to be opened.
  package var passed: PassedSocket?

  package init(
    _ address: ServerAddress, _ kind: Kind = .tcp, isTLS: Bool = false,
    passed: PassedSocket? = nil
  ) {
    self.address = address
    self.kind = kind
    self.isTLS = isTLS
    self.passed = passed
  }

  package var description: String {
    switch kind {
    case .tcp: isTLS ? "\(address) (tls)" : "\(address)"
    case .webSocket: isTLS ? "\(address) (wss)" : "\(address) (ws)"
    }
  }
}
