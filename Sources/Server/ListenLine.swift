package import DaybookModel

/// An address where a server lets clients in, and how they speak there.
package struct ListenLine: Sendable, CustomStringConvertible {
  package var address: ServerAddress
  package var isTLS: Bool

  package init(_ address: ServerAddress, isTLS: Bool = false) {
    self.address = address
    self.isTLS = isTLS
  }

  package var description: String { isTLS ? "\(address) (tls)" : "\(address)" }
}
