// Before the library, which asks for it while it is loaded.
import './reflect.ts';

export { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
