export { SetupPage } from './setup.tsx';
export { SignInAgain, SignInPage } from './sign-in.tsx';
