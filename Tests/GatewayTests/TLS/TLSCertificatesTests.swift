import DaybookModel
import Doubles
import Testing

@testable import Gateway

@Suite("a server's certificates")
struct TLSCertificatesTests {
  private func refusal(_ material: TLSMaterial) -> DaybookError? {
    do throws(DaybookError) {
      _ = try TLSCertificates(clock: SettableClock(CertificateFiles.now)) { material }
      return nil
    } catch {
      return error
    }
  }

  private func garbage(_ name: String) -> TLSMaterial.File {
    TLSMaterial.File(name: name, bytes: Array("no PEM".utf8))
  }

  @Test("what is wrong with the files is said, with the file, and what to do")
  func wrong() throws {
    let (server, key) = (
      try CertificateFiles.file("server.pem"), try CertificateFiles.file("server.key")
    )
    let cases: [(TLSMaterial, String)] = [
      (try CertificateFiles.material("expired"), "expired.pem has expired on 2021-01-01"),
      (
        try CertificateFiles.material("server", key: "renewed"),
        "the key in renewed.key is not that of the certificate in server.pem"
      ),
      (TLSMaterial(certificate: garbage("x.pem"), key: key), "x.pem holds no certificate in PEM"),
      (TLSMaterial(certificate: server, key: garbage("x.key")), "x.key holds no private key"),
      (TLSMaterial(certificate: key, key: key), "server.key holds no certificate in PEM"),
      (
        TLSMaterial(certificate: server, key: key, clientAuthority: garbage("ca.pem")),
        "ca.pem holds no certificate in PEM"
      ),
    ]
    for (material, words) in cases {
      let error = refusal(material)
      #expect(error?.code == .invalidInput)
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "none")")
    }
    #expect(refusal(try CertificateFiles.material("server", clients: true)) == nil)
  }

  @Test("one that is not valid yet is refused")
  func early() throws {
    let early = SettableClock(Timestamp.midnight(year: 2019, month: 12, day: 31)!)
    let files = try CertificateFiles()
    let error = #expect(throws: DaybookError.self) { try files.certificates(clock: early) }
    #expect(error?.message.contains("is valid from 2020-01-01 on") == true)
  }

  @Test("the operator is warned in the last 14 days, and not before")
  func warning() throws {
    let clock = SettableClock(Timestamp.midnight(year: 2119, month: 12, day: 18)!)
    let certificates = try CertificateFiles().certificates(clock: clock)
    #expect(certificates.warning == nil)
    clock.set(Timestamp.midnight(year: 2119, month: 12, day: 19)!)
    let warning = try #require(certificates.warning)
    #expect(warning.contains("in 13 days") && warning.contains("localhost, 127.0.0.1"))
    clock.set(Timestamp.midnight(year: 2121, month: 1, day: 1)!)
    #expect(certificates.warning?.contains("in 0 days") == true)
  }

  @Test("reading them again says what is another now, and keeps what it has where they are bad")
  func reload() throws {
    let files = try CertificateFiles()
    let certificates = try files.certificates()
    #expect(try certificates.reload() == nil)
    files.replace(try CertificateFiles.material("renewed"))
    let line = try #require(try certificates.reload())
    #expect(line.contains("localhost, 127.0.0.1") && line.contains("valid until 2120-01-01"))
    #expect(try certificates.reload() == nil)
    let kept = certificates.context
    files.replace(try CertificateFiles.material("expired"))
    let error = #expect(throws: DaybookError.self) { try certificates.reload() }
    #expect(error?.code == .invalidInput)
    #expect(certificates.context === kept)
    files.replace(try CertificateFiles.material("renewed", clients: true))
    #expect(try certificates.reload() != nil)
  }
}
