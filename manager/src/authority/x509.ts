/**
 * The one door to @peculiar/x509. It is built with tsyringe, which demands the metadata part of the Reflect proposal
 * at load but finds nothing in it here: no class that it makes takes constructor parameters. So empty answers do.
 */
import { invariant } from '@pier/shared/core';
import { reflectAnswers } from './reflect.ts';

invariant(reflectAnswers, 'reflect.ts runs before @peculiar/x509 is loaded');

export {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
