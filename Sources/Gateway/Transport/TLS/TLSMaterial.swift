/// What a server needs for TLS, as it stands in files (PEM).
package struct TLSMaterial: Sendable {
  package struct File: Sendable {
    /// How the operator knows it.
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// The server's own first, then who signed it, and so on up to one that clients know.
  let certificate: File
  let key: File
  /// Who signs the certificates of clients; nil where none is asked for.
  let clientAuthority: File?
  /// A client without one is not let in.
  let requiresClientCertificates: Bool

  package init(
    certificate: File, key: File, clientAuthority: File? = nil,
    requiresClientCertificates: Bool = true
  ) {
    self.certificate = certificate
    self.key = key
    self.clientAuthority = clientAuthority
    self.requiresClientCertificates = requiresClientCertificates
  }
}
